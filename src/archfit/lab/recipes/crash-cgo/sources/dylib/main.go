package main

// #cgo LDFLAGS: -L${SRCDIR} -lgreet -Wl,-rpath,${SRCDIR}
// #include "greet.h"
import "C"

func main() {
	C.greet()
}
