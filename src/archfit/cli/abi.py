"""`archfit abi`: calling conventions and the layout of types, target against target."""

from __future__ import annotations

DESCRIPTION = "Which registers carry what on a target, who keeps them, and how types are laid out."

EXAMPLES = """\
examples:
  archfit abi show linux/arm64
  archfit abi diff linux/arm64 darwin/arm64
  archfit abi layout api.h --target linux/arm64 --target linux/amd64
"""

#: Every verb of the group with its line; `archfit/cli/abi_<verb>.py` is its file.
VERBS = {
    "show": "one calling convention, each fact with its section",
    "diff": "two calling conventions: what differs",
    "layout": "sizes and offsets of a header's types on each target, as clang sees them",
}
