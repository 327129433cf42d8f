// Calls into C and work in Go; prints how long it took, in milliseconds.
package main

/*
static unsigned long step(unsigned long x) { return x * 6364136223846793005UL + 1442695040888963407UL; }
*/
import "C"
import (
	"os"
	"strconv"
	"time"
)

func main() {
	begin := time.Now()
	x := C.ulong(1)
	for i := 0; i < 200000; i++ {
		x = C.step(x)
	}
	sum := uint64(x)
	for i := uint64(0); i < 20000000; i++ {
		sum = sum*31 + i
	}
	if sum == 0 {
		os.Exit(1)
	}
	os.Stdout.WriteString("ms " + strconv.FormatInt(time.Since(begin).Milliseconds(), 10) + "\n")
}
