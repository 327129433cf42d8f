package main

/*
#cgo CFLAGS: -std=gnu++17
#include <stdio.h>
static void hello(void) { printf("hello from C\n"); fflush(stdout); }
*/
import "C"

func main() {
	C.hello()
}
