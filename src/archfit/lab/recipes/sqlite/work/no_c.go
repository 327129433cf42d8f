//go:build !cgo || !planted

package main

func plantInC() { println("no C code here") }
