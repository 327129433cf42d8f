// Command pure has no C in it: what the runtime can tell only then.
package main

import (
	"fmt"
	"os"
)

//go:noinline
func doDeadlock() {
	fmt.Fprintln(os.Stderr, "CHAIN: main.main>main.doDeadlock")
	<-make(chan int)
}

func main() { doDeadlock() }
