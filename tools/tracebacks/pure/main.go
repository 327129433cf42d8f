// Command pure dies in the way its argument names, without any C.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"
)

type queue struct {
	mu   sync.RWMutex
	jobs chan int
}

func (q *queue) worker(name *string) {
	for job := range q.jobs {
		fmt.Println(name, job)
	}
}

func (q *queue) locked(name *string) {
	q.mu.Lock()
	fmt.Println(name)
	q.mu.Unlock()
}

func idle(d time.Duration) { time.Sleep(d) }

func crowd(n int) {
	q := &queue{jobs: make(chan int)}
	q.mu.Lock()
	for i := 0; i < n; i++ {
		name := strconv.Itoa(i)
		switch i % 3 {
		case 0:
			go q.worker(&name)
		case 1:
			go q.locked(&name)
		default:
			go idle(time.Hour)
		}
	}
	time.Sleep(300 * time.Millisecond)
}

func main() {
	switch os.Args[1] {
	case "deadlock":
		c := make(chan int)
		c <- 1
	case "deadlocks":
		var wg sync.WaitGroup
		var mu sync.Mutex
		mu.Lock()
		for i := 0; i < 3; i++ {
			wg.Add(1)
			go func() { mu.Lock(); wg.Done() }()
		}
		wg.Wait()
	case "nogoroutine":
		runtime.Goexit()
	case "labels":
		labels := pprof.Labels("request", "GET /a]b", "tenant", "blue")
		pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), labels))
		panic("labelled")
	case "profile":
		crowd(9)
		pprof.Lookup("goroutine").WriteTo(os.Stderr, 2)
	case "crowd":
		n, _ := strconv.Atoi(os.Args[2])
		crowd(n)
		panic("enough")
	case "ancestors":
		done := make(chan bool)
		go func() {
			go func() { panic("from the grandchild") }()
			time.Sleep(time.Second)
			done <- true
		}()
		<-done
	case "value":
		panic(struct{ a, b int }{1, 2})
	case "wait":
		fmt.Println("ready")
		time.Sleep(time.Hour)
	case "memory":
		var keep [][]byte
		for {
			b := make([]byte, 64<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			keep = append(keep, b)
		}
	}
}
