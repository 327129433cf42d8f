#ifndef LIB_H
#define LIB_H
#include <stddef.h>
#include <stdint.h>
void do_abort(void);
void null_write(int *p);
int recurse(int depth);
int divide(int a, int b);
void bad_instruction(void);
void raise_signal(int number);
void double_free(void);
void keep(void *p);
void plant(uintptr_t slot, uintptr_t value);
void call_back(int n);
void call_back_from_thread(int n);
void call_back_from_coroutine(int n);
void drop_onstack(void);
void exit_with(int status);
void throw_out(int n);
void thread_null_write(void);
void start_many_threads(void);
#endif
