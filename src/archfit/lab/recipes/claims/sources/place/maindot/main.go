package main

// #cgo LDFLAGS: ./libhello.a
// int say_hello(void);
import "C"

func main() { println(int(C.say_hello())) }
