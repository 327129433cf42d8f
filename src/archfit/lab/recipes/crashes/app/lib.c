/* C's side of the cases. Each chain of calls is real: no function is inlined, and each does
 * something after its call (STAY), so that no compiler makes a jump of it. */
#define _GNU_SOURCE
#include "lib.h"
#include "_cgo_export.h"
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
#define STAY __asm__ volatile("" ::: "memory")
/* Outermost first: what an unwinder has to find, the runtime's and cgo's own frames left out. */
#define CHAIN(go, c) fputs("CHAIN: main.main>" go ">" c "\n", stderr)

NOINLINE static void leaf_abort(void) {
	CHAIN("main.doAbort>main._Cfunc_outer_abort", "outer_abort>middle_abort>leaf_abort");
	abort();
}
NOINLINE static void middle_abort(void) { leaf_abort(); STAY; }
NOINLINE void outer_abort(void) { middle_abort(); STAY; }

NOINLINE static void leaf_null(int *p) {
	CHAIN("main.doNull>main._Cfunc_outer_null", "outer_null>middle_null>leaf_null");
	*(volatile int *)p = 1;
	STAY;
}
NOINLINE static void middle_null(int *p) { leaf_null(p); STAY; }
NOINLINE void outer_null(int *p) { middle_null(p); STAY; }

NOINLINE static void leaf_free_twice(void) {
	/* volatile, as a compiler drops a malloc whose memory nobody reads */
	char *volatile p = malloc(1 << 16), *volatile guard = malloc(16);
	CHAIN("main.doFreeTwice>main._Cfunc_outer_free_twice", "outer_free_twice>leaf_free_twice");
	free(p);
	free(p);
	free(guard);
}
NOINLINE void outer_free_twice(void) { leaf_free_twice(); STAY; }

NOINLINE static void leaf_overrun(void) {
	char *volatile block[64];
	CHAIN("main.doOverrun>main._Cfunc_outer_overrun", "outer_overrun>leaf_overrun");
	for (int i = 0; i < 64; i++) block[i] = malloc(2000);
	/* Over the end of each, into the header of the block behind it. */
	for (int i = 0; i < 63; i++) memset(block[i], 0x41, 2000 + 24);
	for (int i = 0; i < 64; i++) free(block[i]);
}
NOINLINE void outer_overrun(void) { leaf_overrun(); STAY; }

/* AArch64 gives 0 for x/0, so the signal is raised there by hand. */
NOINLINE static void leaf_divide(int b) {
	CHAIN("main.doDivide>main._Cfunc_outer_divide", "outer_divide>leaf_divide");
#if defined(__x86_64__)
	int low, high;
	__asm__ volatile("cltd\n\tidivl %4" : "=a"(low), "=d"(high) : "0"(1), "1"(0), "r"(b));
#else
	if (b == 0) raise(SIGFPE);
#endif
	STAY;
}
NOINLINE void outer_divide(int b) { leaf_divide(b); STAY; }

NOINLINE static void leaf_trap(void) {
	CHAIN("main.doTrap>main._Cfunc_outer_trap", "outer_trap>leaf_trap");
#if defined(__x86_64__)
	__asm__ volatile("ud2");
#elif defined(__aarch64__)
	__asm__ volatile("udf #0");
#else
	raise(SIGILL);
#endif
	STAY;
}
NOINLINE void outer_trap(void) { leaf_trap(); STAY; }

NOINLINE static int recurse(int depth) {
	volatile char block[4096];
	block[0] = (char)depth;
	return recurse(depth + 1) + block[0];
}
NOINLINE int outer_recurse(int depth) {
	CHAIN("main.doRecurse>main._Cfunc_outer_recurse", "outer_recurse>recurse");
	return recurse(depth) + 1;
}

void outer_exit(int status) { exit(status); }

/* An atomic add that crosses 16 bytes: ARM's LSE instructions fault there (Arm ARM B2.5.2),
 * with FEAT_LSE2 too; x86's locked ones do not. */
NOINLINE void outer_misaligned(void) {
	static char block[64] __attribute__((aligned(64)));
	char *volatile p = block + 13;
	CHAIN("main.doMisaligned>main._Cfunc_outer_misaligned", "outer_misaligned");
#if defined(__aarch64__)
	unsigned one = 1, old;
	__asm__ volatile(".arch_extension lse\n\tldaddal %w1, %w0, [%2]"
			 : "=r"(old) : "r"(one), "r"(p) : "memory");
#else
	__atomic_fetch_add((unsigned *)p, 1, __ATOMIC_SEQ_CST);
#endif
	STAY;
}

static void *kept;
void keep(void *p) { kept = p; }
void **c_slot(void) { return malloc(sizeof(void *)); }

/* Writes into Go's memory, behind the back of the checker, a pointer that leads nowhere. */
void plant(uintptr_t slot, uintptr_t value) { *(uintptr_t *)slot = value; }

NOINLINE void call_result(void) { kept = goResult(); STAY; }

NOINLINE static void through(int n) { goCallback(n); STAY; }
NOINLINE void call_back(int n) { through(n); STAY; }

static void *thread_main(void *arg) {
	goThread((int)(intptr_t)arg);
	return NULL;
}
void call_back_from_thread(int n) {
	pthread_t t;
	pthread_create(&t, NULL, thread_main, (void *)(intptr_t)n);
	pthread_join(t, NULL);
}

static ucontext_t here, there;
static void coroutine(void) { goDeep(64); }
void call_back_from_coroutine(void) {
	getcontext(&there);
	there.uc_stack.ss_sp = malloc(1 << 15);
	there.uc_stack.ss_size = 1 << 15;
	there.uc_link = &here;
	makecontext(&there, coroutine, 0);
	swapcontext(&here, &there);
}

static volatile int handled;
static void on_signal(int number) { handled = number; }
void plain_handler(void) {
	struct sigaction sa = {.sa_handler = on_signal};
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
}

void drop_onstack(void) {
	struct sigaction sa;
	sigaction(SIGURG, NULL, &sa);
	sa.sa_flags &= ~SA_ONSTACK;
	sigaction(SIGURG, &sa, NULL);
}
