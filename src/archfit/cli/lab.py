"""`archfit lab`: experiments with real toolchains."""

from __future__ import annotations

DESCRIPTION = """\
Experiments with real toolchains: makes a claim or a crash happen, on Go releases, C
compilers and targets that are here, and says what is so. What is not here is shown as
not run, never as passed. See docs/lab.md."""

EXAMPLES = """\
examples:
  archfit lab claims --run                 what is so of what the article says?
  archfit lab reproduce crash-cgo          does cgo crash under a translator?
  archfit lab rebuild . --target darwin/arm64
  archfit lab alternatives .               who imports C here, and could it be without?
  archfit lab bench sqlite --quick
  archfit lab matrix crashes               ways to die, on all releases that are here
  archfit lab flags                        whom does CGO_CPPFLAGS reach, and what breaks?
  archfit lab minimise -- go build ./...   the least that fails for the same cause
  archfit lab doctor                       what is here, what is missing, what brings it
"""

VERBS = {
    "flags": "which CGO_* flag reaches which compiler on which file, and what it breaks",
    "minimise": "a failing cgo package made as small as still fails for the same cause",
    "matrix": "every case on every Go release, compiler and target; patterns, changes",
    "rebuild": "build twice, compare byte by byte, look at every linked piece's ISA",
    "alternatives": "who imports C, by which path, and what does the same without cgo",
    "bench": "drivers of SQLite with and without cgo, measured on this machine",
    "claims": "the article's claims: recipe, verdict, evidence and date of each",
    "reproduce": "a crash made to happen, natively and translated; its cause and verdict",
    "doctor": "toolchains, compilers, emulators: what is here, what is missing",
}
