/* Believes that the second parameter is a number. */
#include "lib.h"

extern int c_get(int n, int index);

__attribute__((noinline)) int outer_prototype(int n, int index) {
	int got = c_get(n, index);
	__asm__ volatile("" ::: "memory");
	return got;
}
