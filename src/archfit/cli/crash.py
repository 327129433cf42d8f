"""`archfit crash`: from a dead process to the line."""

from __future__ import annotations

DESCRIPTION = "Names the code at an address, unwinds stacks through C and Go, and groups crashes."

EXAMPLES = """\
examples:
  archfit crash cluster crashes.jsonl  how many crashes, of how few causes
  archfit crash symbolize ./app 0x4a3f20   what stands at an address
  archfit crash unwind core            one stack through C and Go, from a core file
  archfit crash attach 4711            the same of a live process
"""

#: Every verb of the group with its line; `archfit/cli/crash_<verb>.py` is its file.
VERBS = {
    "cluster": "how many crashes, of how few causes: since which version, and where",
    "symbolize": "function, file and line of addresses, inlined calls included",
    "functions": "every function of a Go program, stripped or not",
    "unwind": "one stack through C and Go, from a core file",
    "attach": "the same of a live process, which stands still for milliseconds",
}
