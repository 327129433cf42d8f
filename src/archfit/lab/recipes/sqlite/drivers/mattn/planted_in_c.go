//go:build cgo && planted

package main

// #include <stdlib.h>
// static int beyond(void) {
//	volatile char *eight = malloc(8);
//	int there = eight[8];
//	free((void *)eight);
//	return there;
// }
import "C"

func plantInC() { println(C.beyond()) }
