/* The stack pointer where a function is entered, from callers with frames of many sizes. */
#include <stdio.h>
#include <string.h>

extern unsigned long archfit_entry(long, long, long, long, long, long, long, long, long, long, long);
#if defined __aarch64__
__asm__(".text\n.globl archfit_entry\narchfit_entry:\n mov x0, sp\n ret\n");
#else
__asm__(".text\n.globl archfit_entry\narchfit_entry:\n mov %rsp, %rax\n ret\n");
#endif

static unsigned seen;

static void note(unsigned long sp) { seen |= 1u << (sp & 15); }

#define CALLER(n) \
    static __attribute__((noinline)) void caller##n(void) { \
        volatile char room[n]; \
        memset((char *)room, 0, n); \
        note(archfit_entry(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, room[0])); \
    }
CALLER(1) CALLER(8) CALLER(9) CALLER(16) CALLER(24) CALLER(33) CALLER(56) CALLER(100)

int main(void) {
    caller1(), caller8(), caller9(), caller16(), caller24(), caller33(), caller56(), caller100();
    printf("sp mod 16 at entry:");
    for (int rest = 0; rest < 16; rest++)
        if (seen >> rest & 1)
            printf(" %d", rest);
    printf("\n");
    return 0;
}
