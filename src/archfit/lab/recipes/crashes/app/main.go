// Command app dies in the way its argument names.
package main

// #include "lib.h"
// #cgo CFLAGS: -fno-omit-frame-pointer
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
	"unsafe"
)

type node struct {
	next *node
	name string
}

//go:noinline
func chain(text string) { fmt.Fprintln(os.Stderr, "CHAIN: "+text) }

//export goCallback
func goCallback(n C.int) {
	chain("main.main>main.doCallback>main._Cfunc_call_back>call_back>through>main.goCallback")
	panic(fmt.Sprintf("callback got %d", int(n)))
}

//export goThread
func goThread(n C.int) {
	chain("thread_main>main.goThread")
	panic(fmt.Sprintf("thread got %d", int(n)))
}

//export goResult
func goResult() unsafe.Pointer { return unsafe.Pointer(&node{next: &node{}}) }

//export goDeep
func goDeep(n C.int) {
	var block [512]byte
	block[int(n)%512] = 1
	if n > 0 {
		goDeep(n - 1)
	}
	runtime.KeepAlive(&block)
}

//go:noinline
func doAbort() { C.outer_abort() }

//go:noinline
func doNull() { C.outer_null(nil) }

//go:noinline
func doFreeTwice() { C.outer_free_twice() }

//go:noinline
func doOverrun() { C.outer_overrun() }

//go:noinline
func doDivide() { C.outer_divide(0) }

//go:noinline
func doTrap() { C.outer_trap() }

//go:noinline
func doRecurse() { C.outer_recurse(0) }

//go:noinline
func doMisaligned() { C.outer_misaligned() }

//go:noinline
func doPrototype() { C.outer_prototype(1, 16) }

//go:noinline
func doCallback() { C.call_back(7) }

//go:noinline
func doThread() { C.call_back_from_thread(7) }

//go:noinline
func doCoroutine() { C.call_back_from_coroutine() }

// doNested hands C a Go pointer to memory that holds a Go pointer.
//
//go:noinline
func doNested() {
	chain("main.main>main.doNested")
	n := &node{next: &node{}}
	C.keep(unsafe.Pointer(n))
}

// doResult has an exported function return a Go pointer to C.
//
//go:noinline
func doResult() { C.call_result() }

// doStore writes a Go pointer into memory of C.
//
//go:noinline
func doStore() {
	chain("main.main>main.doStore")
	slot := (**node)(unsafe.Pointer(C.c_slot()))
	*slot = &node{name: "stored"}
}

// doKept lets C put a pointer to freed memory where the collector looks.
func doKept() {
	big := make([]byte, 8<<20)
	gone := uintptr(unsafe.Pointer(&big[4096]))
	big = nil
	runtime.GC()
	runtime.GC()
	for round := 0; round < 50; round++ {
		list := make([]*node, 64)
		for i := range list {
			list[i] = &node{}
			C.plant(C.uintptr_t(uintptr(unsafe.Pointer(&list[i]))), C.uintptr_t(gone))
		}
		runtime.GC()
		runtime.KeepAlive(list)
	}
}

func doOnstack() {
	C.drop_onstack()
	for i := 0; i < 8; i++ {
		go func() {
			for {
			}
		}()
	}
	for i := 0; i < 100; i++ {
		runtime.GC()
	}
}

//go:noinline
func doNil() {
	chain("main.main>main.doNil>main.(*node).rename")
	var n *node
	n.rename("x")
}

//go:noinline
func (n *node) rename(name string) { n.name = name }

//go:noinline
func doIndex() {
	chain("main.main>main.doIndex>main.pick")
	pick(make([]int, 2), len(os.Args)+1)
}

//go:noinline
func pick(list []int, i int) int { return list[i] }

//go:noinline
func forever(n int) int { return forever(n+1) + 1 }

func doStack() { debug.SetMaxStack(1 << 20); forever(0) }

func doMaps() {
	m := map[int]int{}
	for i := 0; i < 4; i++ {
		go func() {
			for {
				m[1]++
			}
		}()
	}
	time.Sleep(20 * time.Second)
}

// doDeadlock waits for what nobody sends: in a program with cgo the runtime can't tell.
func doDeadlock() { <-make(chan int) }

func main() {
	run := map[string]func(){
		"abort": doAbort, "null": doNull, "free-twice": doFreeTwice, "overrun": doOverrun,
		"divide": doDivide, "trap": doTrap, "c-stack": doRecurse, "misaligned": doMisaligned,
		"prototype": doPrototype, "callback": doCallback, "thread": doThread,
		"coroutine": doCoroutine, "nested": doNested, "result": doResult, "store": doStore,
		"kept": doKept, "onstack": doOnstack, "nil": doNil, "index": doIndex, "go-stack": doStack,
		"maps": doMaps, "deadlock": doDeadlock,
		"handler":  func() { C.plain_handler() },
		"exit":     func() { C.outer_exit(3) },
		"selfkill": func() { syscall.Kill(syscall.Getpid(), syscall.SIGSEGV); time.Sleep(time.Second) },
	}[os.Args[1]]
	if run == nil {
		fmt.Fprintln(os.Stderr, "no such case")
		os.Exit(64)
	}
	run()
}
