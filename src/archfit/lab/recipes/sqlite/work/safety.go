package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"unsafe"
)

// writeForever commits three rows at a time and says so; it ends when it is killed.
func writeForever(path string) error {
	c, err := connect(path)
	if err != nil {
		return err
	}
	s, err := c.prepare(insertRow)
	if err != nil {
		return err
	}
	payload := make([]byte, 4000)
	var id int64
	if text, err := c.text("SELECT coalesce(max(id), 0) FROM entry"); err != nil {
		return err
	} else if _, err := fmt.Sscan(text, &id); err != nil {
		return err
	}
	for {
		if err := c.exec("BEGIN IMMEDIATE"); err != nil {
			return err
		}
		for range 3 {
			id++
			if err := s.insert(id, "before the kill", payload); err != nil {
				return err
			}
		}
		if err := c.exec("COMMIT"); err != nil {
			return err
		}
		fmt.Println("committed", id)
	}
}

type verified struct {
	Integrity string `json:"integrity"`
	Last      int64  `json:"last"`
	Rows      int64  `json:"rows"`
}

func verify(path string) (*verified, error) {
	c, err := connect(path)
	if err != nil {
		return nil, err
	}
	defer c.close()
	var out verified
	if out.Integrity, err = c.text("PRAGMA integrity_check"); err != nil {
		return nil, err
	}
	for sql, into := range map[string]*int64{
		"SELECT coalesce(max(id), 0) FROM entry": &out.Last,
		"SELECT count(*) FROM entry":             &out.Rows,
	} {
		text, err := c.text(sql)
		if err != nil {
			return nil, err
		}
		if _, err := fmt.Sscan(text, into); err != nil {
			return nil, err
		}
	}
	return &out, nil
}

type round struct {
	Heap     uint64 `json:"heap"`
	Total    uint64 `json:"go_total"`
	Resident uint64 `json:"resident"`
}

// leak: each round opens, prepares, reads, closes 20 times; then all that the Go runtime can
// give back is given back, and what is left is written down.
func leak(path string, o options) ([]round, error) {
	first, err := connect(path)
	if err != nil {
		return nil, err
	}
	if _, err := fill(first, 0, 2000); err != nil {
		return nil, err
	}
	if err := first.close(); err != nil {
		return nil, err
	}
	out := make([]round, 0, o.rounds)
	values := []metrics.Sample{{Name: names[0]}, {Name: names[1]}}
	for range o.rounds {
		for range 20 {
			c, err := connect(path)
			if err != nil {
				return nil, err
			}
			s, err := c.prepare(selectRows)
			if err != nil {
				return nil, err
			}
			if _, _, err := s.sum(1, 2000); err != nil {
				return nil, err
			}
			if err := s.close(); err != nil {
				return nil, err
			}
			if err := c.close(); err != nil {
				return nil, err
			}
		}
		runtime.GC()
		debug.FreeOSMemory()
		metrics.Read(values)
		out = append(out, round{number(values[0]), number(values[1]), resident()})
	}
	return out, nil
}

var shared int

// onHeap: checkptr looks at pointers into the heap alone.
var onHeap []byte

// plant shows that a detector works at all; without it, silence proves nothing.
func plant(fault string) {
	switch fault {
	case "race":
		var group sync.WaitGroup
		for range 2 {
			group.Add(1)
			go func() {
				defer group.Done()
				for range 1000 {
					shared++
				}
			}()
		}
		group.Wait()
	case "checkptr":
		onHeap = make([]byte, 64)
		fmt.Println(*(*uint64)(unsafe.Add(unsafe.Pointer(&onHeap[0]), 60)))
	case "asan":
		plantInC()
	}
}
