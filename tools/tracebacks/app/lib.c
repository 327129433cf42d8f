#define _GNU_SOURCE
#include "lib.h"
#include "_cgo_export.h"
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>

void do_abort(void) { abort(); }

__attribute__((noinline)) void null_write(int *p) { *(volatile int *)p = 1; }

__attribute__((noinline)) int recurse(int depth) {
	volatile char block[4096];
	block[0] = (char)depth;
	return recurse(depth + 1) + block[0];
}

/* AArch64 gives 0 for x/0, so the signal is raised there by hand. */
__attribute__((noinline)) int divide(int a, int b) {
#if defined(__x86_64__)
	int low, high;
	__asm__ volatile("cltd\n\tidivl %4" : "=a"(low), "=d"(high) : "0"(a), "1"(0), "r"(b));
	return low;
#else
	if (b == 0) raise(SIGFPE);
	return a / b;
#endif
}

void bad_instruction(void) { __builtin_trap(); }

void raise_signal(int number) { raise(number); }

void double_free(void) {
	/* volatile, as the compiler drops a malloc whose memory nobody reads */
	char *volatile p = malloc(1 << 16), *volatile guard = malloc(16);
	free(p);
	free(p);
	free(guard);
}

static void *kept;
void keep(void *p) { kept = p; }

/* Writes into Go's memory, behind the back of the checker, a pointer that leads nowhere. */
void plant(uintptr_t slot, uintptr_t value) { *(uintptr_t *)slot = value; }

void call_back(int n) { goCallback(n); }

static void *thread_main(void *arg) {
	goCallback((int)(intptr_t)arg);
	return NULL;
}

void call_back_from_thread(int n) {
	pthread_t t;
	pthread_create(&t, NULL, thread_main, (void *)(intptr_t)n);
	pthread_join(t, NULL);
}

static void *thread_fault(void *arg) {
	null_write(arg);
	return NULL;
}

void thread_null_write(void) {
	pthread_t t;
	pthread_create(&t, NULL, thread_fault, NULL);
	pthread_join(t, NULL);
}

static ucontext_t here, there;
static char *coroutine_stack;
static void coroutine(void) { goDeep(64); }

void call_back_from_coroutine(int n) {
	(void)n;
	coroutine_stack = malloc(1 << 15);
	getcontext(&there);
	there.uc_stack.ss_sp = coroutine_stack;
	there.uc_stack.ss_size = 1 << 15;
	there.uc_link = &here;
	makecontext(&there, coroutine, 0);
	swapcontext(&here, &there);
}

void drop_onstack(void) {
	struct sigaction sa;
	sigaction(SIGURG, NULL, &sa);
	sa.sa_flags &= ~SA_ONSTACK;
	sigaction(SIGURG, &sa, NULL);
}

void exit_with(int status) { exit(status); }

static void *wait_for_ever(void *arg) {
	pause();
	return arg;
}

void start_many_threads(void) {
	pthread_t t;
	for (int i = 0; i < 3; i++) pthread_create(&t, NULL, wait_for_ever, NULL);
}
