#include "_cgo_export.h"
#include <stdlib.h>

__attribute__((noinline)) void inner(int how) {
	if (how == 1) abort();
	goPanics(how);
}

__attribute__((noinline)) void outer(int how) {
	inner(how);
	__asm__ volatile("");
}
