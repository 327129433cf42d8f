"""Keys of text that people paste: build logs, crash logs, container and cluster logs."""

from __future__ import annotations

from typing import Any

from archfit.model.fact import Key

LINES = Key("log.lines", int, "lines in the text as given")
OS = Key("log.os", str, "operating system that the text speaks of, in Go's spelling")
ISAS = Key("log.isas", list, "ISAs that the text names, the one named most first")
CRASH_KIND = Key("crash.kind", str, "panic, fatal error, signal ... as the runtime said it")
CRASH_SIGNAL = Key("crash.signal", str, "SIGSEGV, SIGABRT ...")
CRASH_RAISED = Key("crash.raised", str, "by the kernel (a fault), or sent by a process")
CRASH_WHERE = Key("crash.where", str, "where it died: C, Go, runtime or boundary")
CRASH_GOROUTINE = Key("crash.goroutine", dict, "the goroutine that crashed: {id, state, m}")
CRASH_STACK = Key("crash.stack", list, "its frames: {function, file, line, trust}")
CRASH_TRUST = Key("crash.trust", str, "how far the stack can be trusted, and why")

ALL: tuple[Key[Any], ...] = tuple(v for v in list(globals().values()) if isinstance(v, Key))
