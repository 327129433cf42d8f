package main

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"sync"
	"time"
)

const (
	payloadBytes = 100
	scanRows     = 100
	readers      = 4
)

// phase: times in microseconds.
type phase struct {
	Name    string  `json:"name"`
	Count   int     `json:"count"`
	Seconds float64 `json:"seconds"`
	Rate    float64 `json:"per_second"`
	P50     float64 `json:"p50_us"`
	P95     float64 `json:"p95_us"`
	P99     float64 `json:"p99_us"`
	Max     float64 `json:"max_us"`
	Errors  int     `json:"errors"`
}

func summary(name string, times []time.Duration, whole time.Duration, errors int) phase {
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	at := func(part float64) float64 {
		if len(times) == 0 {
			return 0
		}
		return float64(times[int(part*float64(len(times)-1))].Nanoseconds()) / 1e3
	}
	return phase{name, len(times), whole.Seconds(), float64(len(times)) / whole.Seconds(),
		at(0.5), at(0.95), at(0.99), at(1), errors}
}

// each times one call after another; it stops at the first error.
func each(name string, count int, step func(i int) error) (phase, error) {
	times := make([]time.Duration, 0, count)
	begin := time.Now()
	for i := range count {
		start := time.Now()
		if err := step(i); err != nil {
			return phase{}, fmt.Errorf("%s, number %d: %w", name, i, err)
		}
		times = append(times, time.Since(start))
	}
	return summary(name, times, time.Since(begin), 0), nil
}

type measured struct {
	Settings map[string]string `json:"settings"`
	Phases   []phase           `json:"phases"`
	Watch    []sample          `json:"samples"`
	GC       gcSummary         `json:"gc"`
}

func measure(path string, o options) (*measured, error) {
	c, err := connect(path)
	if err != nil {
		return nil, err
	}
	defer c.close()
	out := &measured{}
	if out.Settings, err = settings(c); err != nil {
		return nil, err
	}
	w := watch()
	defer w.end()
	payload := make([]byte, payloadBytes)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range payload {
		payload[i] = byte(random.IntN(256))
	}
	insert, err := c.prepare(insertRow)
	if err != nil {
		return nil, err
	}
	query, err := c.prepare(selectRows)
	if err != nil {
		return nil, err
	}
	id := int64(0)
	one := func(int) error {
		id++
		return insert.insert(id, fmt.Sprintf("entry %d", id), payload)
	}
	add := func(p phase, err error) error {
		if err == nil {
			out.Phases = append(out.Phases, p)
		}
		return err
	}
	w.name("insert, one transaction")
	begin := time.Now()
	if err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return nil, err
	}
	p, err := each("insert, one transaction", o.rows, one)
	if err != nil {
		return nil, err
	}
	if err := c.exec("COMMIT"); err != nil {
		return nil, err
	}
	p.Seconds = time.Since(begin).Seconds()
	p.Rate = float64(p.Count) / p.Seconds
	_ = add(p, nil)
	w.name("insert, a transaction each")
	if err := add(each("insert, a transaction each", o.transactions, one)); err != nil {
		return nil, err
	}
	w.name("point reads")
	if err := add(each("point reads", o.reads, func(int) error {
		key := 1 + random.Int64N(id)
		rows, bytes, err := query.sum(key, key)
		if err == nil && (rows != 1 || bytes < payloadBytes) {
			err = fmt.Errorf("%d rows, %d bytes for key %d", rows, bytes, key)
		}
		return err
	})); err != nil {
		return nil, err
	}
	w.name("range scans of 100 rows")
	if err := add(each("range scans of 100 rows", o.scans, func(int) error {
		key := 1 + random.Int64N(id-scanRows)
		rows, _, err := query.sum(key, key+scanRows-1)
		if err == nil && rows != scanRows {
			err = fmt.Errorf("%d rows from key %d", rows, key)
		}
		return err
	})); err != nil {
		return nil, err
	}
	if err := insert.close(); err != nil {
		return nil, err
	}
	if err := query.close(); err != nil {
		return nil, err
	}
	w.name("readers with a writer")
	both, err := mixed(path, o.seconds)
	if err != nil {
		return nil, err
	}
	out.Phases = append(out.Phases, both...)
	w.end()
	out.Watch, out.GC = w.samples, w.summary()
	return out, nil
}

// mixed runs readers of single rows and one writer of transactions at once.
func mixed(path string, seconds float64) ([]phase, error) {
	first, err := connect(path)
	if err != nil {
		return nil, err
	}
	defer first.close()
	var last int64
	if text, err := first.text("SELECT coalesce(max(id), 0) FROM entry"); err != nil {
		return nil, err
	} else if _, err := fmt.Sscan(text, &last); err != nil {
		return nil, err
	}
	if last < 1000 {
		if last, err = fill(first, last, 1000); err != nil {
			return nil, err
		}
	}
	type result struct {
		times  []time.Duration
		errors int
		err    error
	}
	results := make([]result, readers+1)
	stop := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	begin := time.Now()
	var group sync.WaitGroup
	for n := range results {
		group.Add(1)
		go func() {
			defer group.Done()
			r := &results[n]
			c, err := connect(path)
			if err != nil {
				r.err = err
				return
			}
			defer c.close()
			random := rand.New(rand.NewPCG(uint64(n), 7))
			sql := selectRows
			if n == readers {
				sql = insertRow
			}
			s, err := c.prepare(sql)
			if err != nil {
				r.err = err
				return
			}
			defer s.close()
			payload := make([]byte, payloadBytes)
			for id := last + 1; time.Now().Before(stop); id++ {
				start := time.Now()
				if n == readers {
					err = s.insert(id, "written meanwhile", payload)
				} else {
					key := 1 + random.Int64N(last)
					var rows int
					if rows, _, err = s.sum(key, key); err == nil && rows != 1 {
						r.err = fmt.Errorf("%d rows for key %d", rows, key)
						return
					}
				}
				if err != nil {
					if r.errors++; r.errors > 1000 {
						r.err = err
						return
					}
					continue
				}
				r.times = append(r.times, time.Since(start))
			}
		}()
	}
	group.Wait()
	whole := time.Since(begin)
	var read result
	for _, r := range results {
		if r.err != nil {
			return nil, r.err
		}
	}
	for _, r := range results[:readers] {
		read.times = append(read.times, r.times...)
		read.errors += r.errors
	}
	write := results[readers]
	return []phase{
		summary("4 readers beside a writer", read.times, whole, read.errors),
		summary("the writer beside them", write.times, whole, write.errors),
	}, nil
}

func fill(c conn, from int64, count int) (int64, error) {
	s, err := c.prepare(insertRow)
	if err != nil {
		return from, err
	}
	defer s.close()
	if err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return from, err
	}
	for range count {
		from++
		if err := s.insert(from, "filled", make([]byte, payloadBytes)); err != nil {
			return from, err
		}
	}
	return from, c.exec("COMMIT")
}
