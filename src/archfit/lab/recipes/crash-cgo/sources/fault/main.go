package main

/*
#include <stdio.h>
void hello() { *(volatile int *)0 = 42; printf("hello from C\n"); fflush(stdout); }
*/
import "C"

func main() {
	C.hello()
}
