package main

// #cgo LDFLAGS: ${SRCDIR}/libnewer.so
// void archfit_newer(void);
import "C"

func main() {
	C.archfit_newer()
}
