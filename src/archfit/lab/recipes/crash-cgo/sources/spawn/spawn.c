/* A shell's part: says what machine it is told it runs on, then becomes its argument. */
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

int main(int count, char **words) {
    struct utsname told;
    if (count < 2 || uname(&told) != 0)
        return 2;
    printf("the shell is told: %s\n", told.machine);
    fflush(stdout);
    execv(words[1], words + 1);
    perror(words[1]);
    return 126;
}
