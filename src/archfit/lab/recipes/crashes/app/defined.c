/* A file that does not include lib.h, as a library built from another version would not. */
#include <stdio.h>

__attribute__((noinline)) int c_get(int n, int *p) {
	fputs("CHAIN: main.main>main.doPrototype>main._Cfunc_outer_prototype>outer_prototype>c_get\n", stderr);
	return *p + n;
}
