// Command symbols dies in C below Go with a C traceback and symboliser in place.
package main

/*
#cgo CFLAGS: -D_GNU_SOURCE
#cgo LDFLAGS: -ldl -rdynamic
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct context_arg { uintptr_t context; };
struct traceback_arg { uintptr_t context; uintptr_t sig_context; uintptr_t *buf; uintptr_t max; };
struct symbolizer_arg {
	uintptr_t pc; const char *file; uintptr_t line; const char *func;
	uintptr_t entry; uintptr_t more; uintptr_t data;
};

extern void outer(int how);
extern void inner(int how);
extern void goPanics(int);

static void context(void *p) {
	struct context_arg *arg = p;
	if (arg->context == 0) arg->context = 1;
}

static void traceback(void *p) {
	struct traceback_arg *arg = p;
	uintptr_t n = 0;
	if (n < arg->max) arg->buf[n++] = (uintptr_t)inner + 8;
	if (n < arg->max) arg->buf[n++] = (uintptr_t)outer + 8;
	if (n < arg->max) arg->buf[n] = 0;
}

static void symbolize(void *p) {
	struct symbolizer_arg *arg = p;
	Dl_info info;
	if (dladdr((void *)arg->pc, &info) && info.dli_sname) {
		arg->func = info.dli_sname;
		arg->entry = (uintptr_t)info.dli_saddr;
		arg->file = "lib.c";
		arg->line = 42;
	}
}

static void *const hooks[3] = {traceback, context, symbolize};
static void *hook(int i) { return hooks[i]; }
*/
import "C"

import (
	"os"
	"runtime"
	"sync"
)

//export goPanics
func goPanics(n C.int) {
	if n == 2 {
		// Not a panic: that would run the deferred calls which forget the C frames.
		var m sync.Mutex
		m.Unlock()
	}
	panic("below C")
}

func main() {
	if os.Args[1] == "nosymbols" {
		runtime.SetCgoTraceback(0, C.hook(0), C.hook(1), nil)
	} else {
		runtime.SetCgoTraceback(0, C.hook(0), C.hook(1), C.hook(2))
	}
	how := map[string]C.int{"abort": 1, "fatal": 2, "nosymbols": 2}
	C.outer(how[os.Args[1]])
}
