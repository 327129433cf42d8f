// Command threads calls C, which takes 256 KiB of stack, on a thread that is not the first.
package main

/*
#include <stdio.h>
#include <string.h>
__attribute__((noinline)) static int fill(void) {
	char block[256 << 10];
	fputs("CHAIN: main.doFill>main._Cfunc_fill>fill\n", stderr);
	memset(block, 1, sizeof block);
	__asm__ volatile("" :: "r"(block) : "memory");
	return block[7];
}
*/
import "C"

import "runtime"

//go:noinline
func doFill(done chan int) {
	runtime.LockOSThread()
	done <- int(C.fill())
}

func main() {
	// The first thread stays with main, so the other goroutine gets a thread of pthread_create.
	runtime.LockOSThread()
	done := make(chan int)
	go doFill(done)
	<-done
}
