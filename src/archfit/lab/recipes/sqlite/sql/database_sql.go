package main

import (
	"context"
	"database/sql"
)

// sqlConn is a connection by database/sql: a pool of exactly one.
type sqlConn struct {
	db *sql.DB
	c  *sql.Conn
}

func openConn(path string) (conn, error) {
	db, err := sql.Open(sqlName, dsn(path))
	if err != nil {
		return nil, err
	}
	c, err := db.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	return &sqlConn{db, c}, nil
}

func (s *sqlConn) exec(text string) error {
	_, err := s.c.ExecContext(context.Background(), text)
	return err
}

// text is the first column of the first row; "" when there is no row.
func (s *sqlConn) text(query string) (string, error) {
	var out string
	err := s.c.QueryRowContext(context.Background(), query).Scan(&out)
	if err == sql.ErrNoRows {
		err = nil
	}
	return out, err
}

func (s *sqlConn) prepare(text string) (stmt, error) {
	prepared, err := s.c.PrepareContext(context.Background(), text)
	return sqlStmt{prepared}, err
}

func (s *sqlConn) close() error {
	if err := s.c.Close(); err != nil {
		return err
	}
	return s.db.Close()
}

type sqlStmt struct{ s *sql.Stmt }

func (s sqlStmt) insert(id int64, name string, payload []byte) error {
	_, err := s.s.Exec(id, name, payload)
	return err
}

func (s sqlStmt) sum(from, to int64) (int, int, error) {
	rows, err := s.s.Query(from, to)
	if err != nil {
		return 0, 0, err
	}
	defer rows.Close()
	var id int64
	var name string
	var payload sql.RawBytes
	count, size := 0, 0
	for rows.Next() {
		if err := rows.Scan(&id, &name, &payload); err != nil {
			return count, size, err
		}
		count++
		size += len(name) + len(payload)
	}
	return count, size, rows.Err()
}

func (s sqlStmt) close() error { return s.s.Close() }
