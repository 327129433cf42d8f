package main

// int part_c(void);
// int part_cpp(void);
import "C"

func main() {
	println(C.part_c() + C.part_cpp())
}
