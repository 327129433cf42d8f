package main

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdio.h>

// 0: the library was opened and greeted.
static int open_and_greet(const char *path) {
	void *library = dlopen(path, RTLD_NOW);
	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	((void (*)(void))dlsym(library, "greet"))();
	return 0;
}
*/
import "C"
import "os"

func main() {
	os.Exit(int(C.open_and_greet(C.CString("./libgreet.so"))))
}
