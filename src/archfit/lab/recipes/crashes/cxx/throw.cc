#include <cstdio>
#include <stdexcept>
#include <vector>

__attribute__((noinline)) static void leaf_throw(int n) {
	std::vector<int> v(3);
	std::fputs("CHAIN: main.main>main.doThrow>main._Cfunc_outer_throw>outer_throw>leaf_throw\n", stderr);
	v.at(static_cast<std::size_t>(n)) = 1;
}

extern "C" void outer_throw(int n) {
	leaf_throw(n);
	__asm__ volatile("" ::: "memory");
}
