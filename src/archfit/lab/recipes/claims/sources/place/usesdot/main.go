package main

import "example.com/place/dot"

func main() { println(dot.Seven()) }
