package main

// #cgo CFLAGS: -I${SRCDIR}/outside
// #include "answer.h"
import "C"

func main() { println("answer", C.ANSWER) }
