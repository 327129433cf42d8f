// A program that dies in many ways, each after a chain of calls through C and Go that it
// prints first ("CHAIN: outermost ... innermost").
package main

/*
#cgo LDFLAGS: -lpthread
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

extern void goCallback(int);

#define FRAME __attribute__((noinline)) static
#define KEEP __asm__ volatile("" ::: "memory")

FRAME void c_abort(void) { abort(); }
static int *volatile nowhere;
static volatile int zero, result;
FRAME void c_write_null(void) { *nowhere = 1; KEEP; }
FRAME void c_divide(void) { result = 7 / zero; KEEP; }
FRAME void c_jump_null(void) { ((void (*)(void))(size_t)8)(); KEEP; }
FRAME int c_overflow(int n) { volatile char room[512]; room[0] = (char)n; int r = c_overflow(n + 1) + room[0]; KEEP; return r; }

FRAME void c_leaf(int what) {
	switch (what) {
	case 1: c_abort(); break;
	case 2: c_write_null(); break;
	case 3: c_divide(); break;
	case 4: c_jump_null(); break;
	case 5: c_overflow(0); break;
	}
	KEEP;
}
FRAME void c_middle(int what) { char room[64]; memset(room, what, sizeof room); c_leaf(what); KEEP; }
FRAME void c_outer(int what) { c_middle(what); KEEP; }
FRAME void c_calls_go(int what) { goCallback(what); KEEP; }

static void *c_thread(void *what) { c_calls_go((int)(size_t)what); KEEP; return 0; }
FRAME void c_foreign(int what) {
	pthread_t id;
	pthread_create(&id, 0, c_thread, (void *)(size_t)what);
	pthread_join(id, 0);
	KEEP;
}
*/
import "C"

import (
	"fmt"
	"os"
	"sync"
	"time"
)

//go:noinline
func inner(what int) {
	switch {
	case what >= 20:
		var none *int
		*none = what
	case what >= 10:
		panic("on purpose")
	default:
		C.c_outer(C.int(what))
	}
}

//export goCallback
func goCallback(what C.int) { inner(int(what)) }

//go:noinline
func work(name string) {
	chain := "main.work "
	switch name {
	case "abort", "null", "divide", "jump", "overflow":
		n := map[string]int{"abort": 1, "null": 2, "divide": 3, "jump": 4, "overflow": 5}[name]
		last := []string{"", "c_abort", "c_write_null", "c_divide", "c_jump_null", "c_overflow"}[n]
		say(chain + "main.inner c_outer c_middle c_leaf " + last)
		inner(n)
	case "callback":
		say(chain + "c_calls_go goCallback main.inner c_outer c_middle c_leaf c_abort")
		C.c_calls_go(1)
	case "callback-panic":
		say(chain + "main.inner")
		C.c_calls_go(10)
	case "foreign":
		say("c_thread c_calls_go goCallback main.inner c_outer c_middle c_leaf c_write_null")
		C.c_foreign(2)
	case "foreign-nil":
		say("main.inner")
		C.c_foreign(20)
	case "panic":
		say(chain + "main.inner")
		inner(10)
	case "nil":
		say(chain + "main.inner")
		inner(20)
	case "sleep":
		say(chain + "time.Sleep")
		time.Sleep(time.Hour)
	}
}

func say(chain string) { fmt.Fprintln(os.Stderr, "CHAIN: "+chain) }

func main() {
	var done sync.WaitGroup
	done.Add(1)
	// Not deferred: a panic would let main end the program before it is told.
	go func() { work(os.Args[1]); done.Done() }()
	done.Wait()
}
