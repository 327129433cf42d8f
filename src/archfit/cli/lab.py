"""`archfit lab`: experiments with real toolchains."""

from __future__ import annotations

DESCRIPTION = """\
Experiments with real toolchains: makes a claim or a crash happen, on Go releases, C
compilers and targets that are here, and says what is so. What is not here is shown as
not run, never as passed. See docs/lab.md."""

EXAMPLES = """\
examples:
  archfit lab reproduce crash-cgo          does cgo crash under a translator?
  archfit lab rebuild . --target darwin/arm64
  archfit lab alternatives .               who imports C here, and could it be without?
  archfit lab bench sqlite --quick
  archfit lab doctor                       what is here, what is missing, what brings it
"""

VERBS = {
    "rebuild": "build twice, compare byte by byte, look at every linked piece's ISA",
    "alternatives": "who imports C, by which path, and what does the same without cgo",
    "bench": "drivers of SQLite with and without cgo, measured on this machine",
    "reproduce": "a crash made to happen, natively and translated; its cause and verdict",
    "doctor": "toolchains, compilers, emulators: what is here, what is missing",
}
