package main

// #cgo LDFLAGS: ${SRCDIR}/libgreet.a
// #include "greet.h"
import "C"

func main() {
	C.greet()
}
