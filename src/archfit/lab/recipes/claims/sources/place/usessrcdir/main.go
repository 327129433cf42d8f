package main

import "example.com/place/srcdir"

func main() { println(srcdir.Seven()) }
