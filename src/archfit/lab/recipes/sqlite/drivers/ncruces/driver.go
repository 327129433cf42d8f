package main

import _ "github.com/ncruces/go-sqlite3/driver"

const (
	driverName = "ncruces/go-sqlite3"
	sqlName    = "sqlite3"
)

func dsn(path string) string { return "file:" + path }
