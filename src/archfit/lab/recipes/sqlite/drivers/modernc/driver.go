package main

import _ "modernc.org/sqlite"

const (
	driverName = "modernc.org/sqlite"
	sqlName    = "sqlite"
)

func dsn(path string) string { return "file:" + path }
