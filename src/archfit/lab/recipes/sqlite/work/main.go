// The same work for every driver. Usage: bench VERB FILE [options]
//
//	measure  the phases, one after the other, with memory and GC watched
//	write    transactions until it is killed, saying each that is committed
//	verify   integrity check of a database, and the last row in it
//	leak     the same small work over and over, with memory after each round
//	stress   readers and a writer at once, for a detector to look at
//	plant    one fault that the detector named by -fault must find
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
)

type options struct {
	rows, transactions, reads, scans, rounds int
	seconds                                  float64
	fault                                    string
}

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: bench measure|write|verify|leak|stress|plant FILE"))
	}
	verb, path := os.Args[1], os.Args[2]
	var o options
	flags := flag.NewFlagSet(verb, flag.ExitOnError)
	flags.IntVar(&o.rows, "rows", 20000, "rows inserted in one transaction")
	flags.IntVar(&o.transactions, "transactions", 500, "transactions of one row")
	flags.IntVar(&o.reads, "reads", 20000, "rows read by key")
	flags.IntVar(&o.scans, "scans", 300, "scans of 100 rows")
	flags.IntVar(&o.rounds, "rounds", 20, "rounds of the leak test")
	flags.Float64Var(&o.seconds, "seconds", 1, "of readers with a writer")
	flags.StringVar(&o.fault, "fault", "", "race, checkptr or asan")
	_ = flags.Parse(os.Args[3:])
	var result any
	var err error
	switch verb {
	case "measure":
		result, err = measure(path, o)
	case "write":
		err = writeForever(path)
	case "verify":
		result, err = verify(path)
	case "leak":
		result, err = leak(path, o)
	case "stress":
		result, err = mixed(path, o.seconds)
	case "plant":
		plant(o.fault)
	default:
		err = fmt.Errorf("no verb %s", verb)
	}
	if err != nil {
		fail(err)
	}
	out := json.NewEncoder(os.Stdout)
	_ = out.Encode(map[string]any{
		"driver": driverName, "go": runtime.Version(), "target": runtime.GOOS + "/" + runtime.GOARCH,
		"result": result,
	})
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(3)
}
