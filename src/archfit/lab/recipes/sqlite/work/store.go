package main

import "fmt"

// conn is one connection; only one goroutine uses it at a time.
type conn interface {
	exec(sql string) error
	text(sql string) (string, error)
	prepare(sql string) (stmt, error)
	close() error
}

// stmt is a prepared statement of this schema's two shapes.
type stmt interface {
	insert(id int64, name string, payload []byte) error
	// sum reads all rows for these two arguments: how many, and the bytes in them.
	sum(from, to int64) (rows int, bytes int, err error)
	close() error
}

const (
	schema     = "CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, name TEXT NOT NULL, payload BLOB NOT NULL)"
	insertRow  = "INSERT INTO entry (id, name, payload) VALUES (?, ?, ?)"
	selectRows = "SELECT id, name, payload FROM entry WHERE id BETWEEN ? AND ?"
)

// The same for all drivers, and asked back by `measure`.
var pragmas = []string{
	"PRAGMA busy_timeout = 10000",
	"PRAGMA journal_mode = WAL",
	"PRAGMA synchronous = NORMAL",
	"PRAGMA cache_size = -2000",
	"PRAGMA mmap_size = 0",
	"PRAGMA temp_store = MEMORY",
}

func connect(path string) (conn, error) {
	c, err := openConn(path)
	if err != nil {
		return nil, err
	}
	for _, pragma := range pragmas {
		if _, err := c.text(pragma); err != nil {
			return nil, fmt.Errorf("%s: %w", pragma, err)
		}
	}
	return c, c.exec(schema)
}

func settings(c conn) (map[string]string, error) {
	out := map[string]string{}
	for _, name := range []string{"journal_mode", "synchronous", "cache_size", "page_size", "mmap_size"} {
		value, err := c.text("PRAGMA " + name)
		if err != nil {
			return nil, err
		}
		out[name] = value
	}
	version, err := c.text("SELECT sqlite_version()")
	out["sqlite"] = version
	return out, err
}
