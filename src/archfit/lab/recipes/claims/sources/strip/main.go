package main

/*
__attribute__((noinline)) void archfit_faults() { *(volatile int *)0 = 42; }
*/
import "C"

func main() {
	C.archfit_faults()
}
