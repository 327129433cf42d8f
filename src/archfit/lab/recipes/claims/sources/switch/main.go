// The stack pointer at the first instruction of a C function that Go calls.
package main

/*
#if defined __aarch64__
__asm__(".text\n.globl archfit_sp\narchfit_sp:\n mov x0, sp\n ret\n");
#else
__asm__(".text\n.globl archfit_sp\narchfit_sp:\n mov %rsp, %rax\n ret\n");
#endif
unsigned long archfit_sp(void);
*/
import "C"
import "sync"

var (
	lock sync.Mutex
	seen [16]bool
)

func deep(n int) int {
	var room [3]byte
	room[n%3] = byte(n)
	if n > 0 {
		return deep(n-1) + int(room[n%3])
	}
	rest := C.archfit_sp() % 16
	lock.Lock()
	seen[rest] = true
	lock.Unlock()
	return int(room[0])
}

func main() {
	var wait sync.WaitGroup
	for i := 0; i < 64; i++ {
		wait.Add(1)
		go func(n int) { deep(n); wait.Done() }(i)
	}
	wait.Wait()
	for rest, there := range seen {
		if there {
			println("sp mod 16 in C:", rest)
		}
	}
}
