"""Rows a second of one and the same SQLite, inserted in four ways."""

import os
import sqlite3
import sys
import time

for journal, synchronous, together in (
    ("DELETE", "FULL", 1),
    ("WAL", "NORMAL", 1),
    ("WAL", "NORMAL", 1000),
    ("MEMORY", "OFF", 100000),
):
    path = os.path.join(sys.argv[1], "rate.db")
    for suffix in ("", "-wal", "-shm", "-journal"):
        if os.path.exists(path + suffix):
            os.unlink(path + suffix)
    base = sqlite3.connect(path, isolation_level=None)
    base.execute(f"PRAGMA journal_mode={journal}")
    base.execute(f"PRAGMA synchronous={synchronous}")
    base.execute("CREATE TABLE logs(ts INTEGER, msg TEXT)")
    begin, rows = time.perf_counter(), 0
    while time.perf_counter() - begin < 0.5:
        base.execute("BEGIN")
        for number in range(together):
            base.execute("INSERT INTO logs VALUES(?, ?)", (number, "audit:login"))
        base.execute("COMMIT")
        rows += together
    rate = rows / (time.perf_counter() - begin)
    print(f"{journal} {synchronous} {together} {rate:.0f}")
    base.close()
    os.unlink(path)
