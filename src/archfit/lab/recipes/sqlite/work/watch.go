package main

import (
	"math"
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"time"
)

// sample: bytes, and seconds since the start. Resident is what the kernel counts: the Go
// heap, C's heap, and the pages of files.
type sample struct {
	At       float64 `json:"at"`
	Phase    string  `json:"phase"`
	Heap     uint64  `json:"heap"`
	Total    uint64  `json:"go_total"`
	Resident uint64  `json:"resident"`
	Cycles   uint64  `json:"cycles"`
	Pauses   uint64  `json:"pauses"`
	Longest  float64 `json:"longest_pause_us"`
}

type gcSummary struct {
	Cycles  uint64  `json:"cycles"`
	Pauses  uint64  `json:"pauses"`
	P50     float64 `json:"pause_p50_us"`
	P99     float64 `json:"pause_p99_us"`
	Longest float64 `json:"pause_max_us"`
	// Allocated: bytes on the Go heap, over the whole run.
	Allocated uint64 `json:"allocated"`
}

var names = []string{
	"/memory/classes/heap/objects:bytes",
	"/memory/classes/total:bytes",
	"/gc/cycles/total:gc-cycles",
	"/sched/pauses/total/gc:seconds",
	"/gc/heap/allocs:bytes",
}

type watcher struct {
	mutex   sync.Mutex
	phase   string
	samples []sample
	values  []metrics.Sample
	begin   time.Time
	first   []uint64 // pauses before the watch
	seen    []uint64
	stop    chan struct{}
	done    chan struct{}
	once    sync.Once
}

func watch() *watcher {
	w := &watcher{begin: time.Now(), stop: make(chan struct{}), done: make(chan struct{})}
	w.values = make([]metrics.Sample, len(names))
	for i, name := range names {
		w.values[i].Name = name
	}
	w.take()
	go func() {
		defer close(w.done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-w.stop:
				return
			case <-tick.C:
				w.take()
			}
		}
	}()
	return w
}

func (w *watcher) name(phase string) {
	w.mutex.Lock()
	w.phase = phase
	w.mutex.Unlock()
}

func (w *watcher) end() {
	w.once.Do(func() {
		close(w.stop)
		<-w.done
		w.take()
	})
}

func (w *watcher) take() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	metrics.Read(w.values)
	s := sample{At: time.Since(w.begin).Seconds(), Phase: w.phase, Resident: resident()}
	s.Heap, s.Total, s.Cycles = number(w.values[0]), number(w.values[1]), number(w.values[2])
	if w.values[3].Value.Kind() == metrics.KindFloat64Histogram {
		pauses := w.values[3].Value.Float64Histogram()
		if w.seen == nil {
			w.first = append([]uint64(nil), pauses.Counts...)
			w.seen = append([]uint64(nil), pauses.Counts...)
		}
		for i, count := range pauses.Counts {
			if count > w.seen[i] {
				s.Pauses += count - w.seen[i]
				s.Longest = math.Max(s.Longest, upper(pauses.Buckets, i))
			}
			w.seen[i] = count
		}
	}
	w.samples = append(w.samples, s)
}

// upper end of a bucket, in microseconds; the lower one of the last, which is open.
func upper(buckets []float64, i int) float64 {
	if math.IsInf(buckets[i+1], 1) {
		return buckets[i] * 1e6
	}
	return buckets[i+1] * 1e6
}

func (w *watcher) summary() gcSummary {
	out := gcSummary{Allocated: number(w.values[4])}
	if len(w.samples) > 0 {
		out.Cycles = w.samples[len(w.samples)-1].Cycles - w.samples[0].Cycles
	}
	if w.values[3].Value.Kind() != metrics.KindFloat64Histogram {
		return out
	}
	pauses := w.values[3].Value.Float64Histogram()
	for i, count := range pauses.Counts {
		out.Pauses += count - w.first[i]
	}
	var sum uint64
	for i, count := range pauses.Counts {
		if count == w.first[i] {
			continue
		}
		sum += count - w.first[i]
		end := upper(pauses.Buckets, i)
		if out.P50 == 0 && sum*2 >= out.Pauses {
			out.P50 = end
		}
		if out.P99 == 0 && sum*100 >= out.Pauses*99 {
			out.P99 = end
		}
		out.Longest = end
	}
	return out
}

func number(s metrics.Sample) uint64 {
	if s.Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s.Value.Uint64()
}

// resident set in bytes, 0 where /proc does not tell.
func resident() uint64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	words := strings.Fields(string(data))
	if len(words) < 2 {
		return 0
	}
	pages, _ := strconv.ParseUint(words[1], 10, 64)
	return pages * uint64(os.Getpagesize())
}
