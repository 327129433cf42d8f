// Package dot names its archive as the article does.
package dot

// #cgo LDFLAGS: ./libhello.a
// int say_hello(void);
import "C"

// Seven comes from the archive.
func Seven() int { return int(C.say_hello()) }
