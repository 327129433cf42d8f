package main

// #cgo LDFLAGS: ${SRCDIR}/libhello.a -lstdc++
// #include "hello.h"
import "C"

func main() {
	C.say_hello()
}
