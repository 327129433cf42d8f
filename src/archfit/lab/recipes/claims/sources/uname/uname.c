#include <stdio.h>
#include <sys/utsname.h>

int main(void) {
    struct utsname told;
    return uname(&told) != 0 || printf("%s\n", told.machine) < 0;
}
