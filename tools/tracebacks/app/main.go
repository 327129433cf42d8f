// Command app dies in the way its argument names.
package main

// #include "lib.h"
import "C"

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

//export goCallback
func goCallback(n C.int) {
	if n > 100 {
		var p *node
		p.next = nil
	}
	panic(fmt.Sprintf("callback got %d", int(n)))
}

//export goDeep
func goDeep(n C.int) {
	var block [512]byte
	block[int(n)%512] = 1
	if n > 0 {
		goDeep(n - 1)
	}
	runtime.KeepAlive(&block)
}

type node struct {
	next *node
	name string
}

type failure struct{ code int }

func (f failure) Error() string { return fmt.Sprintf("failure %d\nsecond line", f.code) }

//go:noinline
func (n *node) rename(name string) { n.name = name }

//go:noinline
func pick(list []int, i int) int { return list[i] }

//go:noinline
func forever(n int) int { return forever(n+1) + 1 }

// plantAll has C write what value says into slots of Go's memory, and lets the collector see it.
func plantAll(value func(slot uintptr, round int) uintptr) {
	for round := 0; round < 50; round++ {
		list := make([]*node, 64)
		for i := range list {
			list[i] = &node{}
			slot := uintptr(unsafe.Pointer(&list[i]))
			C.plant(C.uintptr_t(slot), C.uintptr_t(value(slot, round)))
		}
		runtime.GC()
		runtime.KeepAlive(list)
	}
}

func sum[T int | float64](list []T, i int) T { return list[i] + list[i+1] }

func cases() map[string]func() {
	return map[string]func(){
		"abort":       func() { C.do_abort() },
		"nullwrite":   func() { C.null_write(nil) },
		"overflow":    func() { C.recurse(0) },
		"fpe":         func() { C.divide(1, 0) },
		"ill":         func() { C.bad_instruction() },
		"raise":       func() { C.raise_signal(C.int(syscall.SIGBUS)) },
		"raisesegv":   func() { C.raise_signal(C.int(syscall.SIGSEGV)) },
		"doublefree":  func() { C.double_free() },
		"threadnull":  func() { C.thread_null_write() },
		"throw":       func() { C.throw_out(7) },
		"callback":    func() { C.call_back(7) },
		"callbacknil": func() { C.call_back(101) },
		"threadback":  func() { C.call_back_from_thread(7) },
		"coroutine":   func() { C.call_back_from_coroutine(0) },
		"pointer": func() {
			n := &node{next: &node{}}
			C.keep(unsafe.Pointer(n))
		},
		"badpointer": func() {
			big := make([]byte, 8<<20)
			gone := uintptr(unsafe.Pointer(&big[4096]))
			big = nil
			runtime.GC()
			runtime.GC()
			plantAll(func(uintptr, int) uintptr { return gone })
		},
		"freed": func() {
			plantAll(func(slot uintptr, round int) uintptr { return slot + 1<<16*uintptr(round) })
		},
		"nil":     func() { var n *node; n.rename("x") },
		"index":   func() { pick(make([]int, 2), len(os.Args)+1) },
		"generic": func() { sum([]float64{1}, 0) },
		"custom":  func() { panic(failure{3}) },
		"nested": func() {
			defer func() { panic(errors.New("while cleaning up")) }()
			panic("first")
		},
		"repanic": func() {
			defer func() { panic(recover()) }()
			panic(failure{4})
		},
		"fault":  func() { *(*int)(unsafe.Pointer(uintptr(0x10000000 + len(os.Args)))) = 1 },
		"stack":  func() { debug.SetMaxStack(1 << 20); forever(0) },
		"unlock": func() { var m sync.Mutex; m.Unlock() },
		"maps": func() {
			m := map[int]int{}
			for i := 0; i < 4; i++ {
				go func() {
					for {
						m[1]++
					}
				}()
			}
			time.Sleep(10 * time.Second)
		},
		"race": func() {
			n := 0
			done := make(chan bool)
			go func() { n++; done <- true }()
			n++
			<-done
			fmt.Fprintln(os.Stderr, "done")
		},
		"onstack": func() {
			C.drop_onstack()
			for i := 0; i < 8; i++ {
				go func() {
					for {
						_ = i
					}
				}()
			}
			for i := 0; i < 100; i++ {
				runtime.GC()
			}
		},
		"selfkill": func() { syscall.Kill(syscall.Getpid(), syscall.SIGSEGV); time.Sleep(time.Second) },
		"wait": func() {
			C.start_many_threads()
			go func() { select {} }()
			fmt.Println("ready")
			time.Sleep(time.Hour)
		},
		"exit3":      func() { C.exit_with(3) },
		"osexit2":    func() { os.Exit(2) },
		"debugstack": func() { os.Stderr.Write(debug.Stack()) },
	}
}

func main() {
	run := cases()[os.Args[1]]
	if run == nil {
		fmt.Fprintln(os.Stderr, "no such case")
		os.Exit(64)
	}
	run()
}
