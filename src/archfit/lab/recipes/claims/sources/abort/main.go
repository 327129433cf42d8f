package main

/*
#include <stdlib.h>
void panic_on_cgo_call() { abort(); }
*/
import "C"

func main() {
	defer func() { println("recovered:", recover() != nil) }()
	C.panic_on_cgo_call()
}
