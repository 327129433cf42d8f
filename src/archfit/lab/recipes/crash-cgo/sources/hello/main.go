package main

/*
#include <stdio.h>
void hello() { printf("hello from C\n"); fflush(stdout); }
*/
import "C"

func main() {
	C.hello()
}
