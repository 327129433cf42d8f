/* misaligned store|atomic|sp OFFSET: at OFFSET from a 64-byte boundary; sp: with the stack
   pointer itself as the base, moved by OFFSET. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void caught(int number) {
    printf("%s\n", number == SIGBUS ? "SIGBUS" : "another signal");
    fflush(stdout);
    _Exit(3);
}

int main(int count, char **words) {
    static _Alignas(64) unsigned char room[128];
    if (count < 3)
        return 2;
    signal(SIGBUS, caught), signal(SIGSEGV, caught), signal(SIGILL, caught);
    volatile int *place = (volatile int *)(room + atoi(words[2]));
    if (!strcmp(words[1], "store")) {
        *place = 42;
        printf("stored %d\n", *place);
    } else if (!strcmp(words[1], "sp")) {
        unsigned long by = atoi(words[2]);
        __asm__ volatile("mov x9, sp\n sub x10, x9, %0\n mov sp, x10\n str xzr, [sp]\n mov sp, x9"
                         : : "r"(by) : "x9", "x10", "memory");
        printf("stored, not checked\n");
    } else {
        int one = 1, old;
        __asm__ volatile(".arch armv8.1-a+lse\n ldadd %w2, %w0, [%1]"
                         : "=&r"(old) : "r"(place), "r"(one) : "memory");
        printf("added\n");
    }
    return 0;
}
