// Command cxx lets a C++ exception leave the function that Go called.
package main

// void outer_throw(int n);
import "C"

//go:noinline
func doThrow() { C.outer_throw(7) }

func main() { doThrow() }
