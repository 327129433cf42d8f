package main

import _ "github.com/mattn/go-sqlite3"

const (
	driverName = "mattn/go-sqlite3"
	sqlName    = "sqlite3"
)

func dsn(path string) string { return "file:" + path }
