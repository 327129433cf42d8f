#ifndef LIB_H
#define LIB_H
#include <stdint.h>
void outer_abort(void);
void outer_null(int *p);
void outer_free_twice(void);
void outer_overrun(void);
void outer_divide(int b);
void outer_trap(void);
int outer_recurse(int depth);
void outer_exit(int status);
void outer_misaligned(void);
void keep(void *p);
void store_into(void **slot);
void **c_slot(void);
void plant(uintptr_t slot, uintptr_t value);
void call_result(void);
void call_back(int n);
void call_back_from_thread(int n);
void call_back_from_coroutine(void);
void plain_handler(void);
void drop_onstack(void);
/* lib.c defines `int c_get(int n, int *p)`: this is the wrong prototype of the case. */
int outer_prototype(int n, int index);
#endif
