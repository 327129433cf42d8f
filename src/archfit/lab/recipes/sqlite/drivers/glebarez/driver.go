package main

import _ "github.com/glebarez/go-sqlite"

const (
	driverName = "glebarez/go-sqlite"
	sqlName    = "sqlite"
)

func dsn(path string) string { return "file:" + path }
