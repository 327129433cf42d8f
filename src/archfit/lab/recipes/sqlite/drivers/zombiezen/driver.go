package main

import (
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const driverName = "zombiezen.com/go/sqlite"

// This driver has an interface of its own, nearer to SQLite's than database/sql.
type ownConn struct{ c *sqlite.Conn }

func openConn(path string) (conn, error) {
	c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenCreate, sqlite.OpenURI)
	if err != nil {
		return nil, err
	}
	return ownConn{c}, nil
}

func (o ownConn) exec(text string) error { return sqlitex.ExecuteTransient(o.c, text, nil) }

func (o ownConn) text(query string) (string, error) {
	var out string
	err := sqlitex.ExecuteTransient(o.c, query, &sqlitex.ExecOptions{
		ResultFunc: func(s *sqlite.Stmt) error {
			out = s.ColumnText(0)
			return nil
		},
	})
	return out, err
}

func (o ownConn) prepare(text string) (stmt, error) {
	s, _, err := o.c.PrepareTransient(text)
	return ownStmt{s}, err
}

func (o ownConn) close() error { return o.c.Close() }

type ownStmt struct{ s *sqlite.Stmt }

func (o ownStmt) insert(id int64, name string, payload []byte) error {
	if err := o.s.Reset(); err != nil {
		return err
	}
	o.s.BindInt64(1, id)
	o.s.BindText(2, name)
	o.s.BindBytes(3, payload)
	_, err := o.s.Step()
	return err
}

func (o ownStmt) sum(from, to int64) (int, int, error) {
	if err := o.s.Reset(); err != nil {
		return 0, 0, err
	}
	o.s.BindInt64(1, from)
	o.s.BindInt64(2, to)
	buffer := make([]byte, 4096)
	count, size := 0, 0
	for {
		row, err := o.s.Step()
		if err != nil || !row {
			return count, size, err
		}
		count++
		size += len(o.s.ColumnText(1)) + o.s.ColumnBytes(2, buffer)
	}
}

func (o ownStmt) close() error { return o.s.Finalize() }
