// Package srcdir names its archive as cmd/cgo documents.
package srcdir

// #cgo LDFLAGS: ${SRCDIR}/libhello.a
// int say_hello(void);
import "C"

// Seven comes from the archive.
func Seven() int { return int(C.say_hello()) }
