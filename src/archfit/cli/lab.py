"""`archfit lab`: experiments with real toolchains."""

from __future__ import annotations

DESCRIPTION = """\
Experiments with real toolchains: makes a claim or a crash happen, on Go releases, C
compilers and targets that are here, and says what is so. What is not here is shown as
not run, never as passed. See docs/lab.md."""

EXAMPLES = """\
examples:
  archfit lab doctor                       what is here, what is missing, what brings it
"""

VERBS = {
    "doctor": "toolchains, compilers, emulators: what is here, what is missing",
}
