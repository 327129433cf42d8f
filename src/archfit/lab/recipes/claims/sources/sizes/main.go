package main

/*
#include <stddef.h>
struct mixed { char c; size_t s; int i; double d; };
*/
import "C"
import "unsafe"

func main() {
	var size C.size_t
	var number C.int
	var long C.long
	var real C.double
	var pointer *C.char
	var mixed C.struct_mixed
	println("size_t", unsafe.Sizeof(size), unsafe.Alignof(size))
	println("int", unsafe.Sizeof(number), unsafe.Alignof(number))
	println("long", unsafe.Sizeof(long), unsafe.Alignof(long))
	println("double", unsafe.Sizeof(real), unsafe.Alignof(real))
	println("pointer", unsafe.Sizeof(pointer), unsafe.Alignof(pointer))
	println("mixed", unsafe.Sizeof(mixed), unsafe.Offsetof(mixed.s), unsafe.Offsetof(mixed.d))
}
