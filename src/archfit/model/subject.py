"""What is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kinds of subject; a kind is recognised by content, never by name."""

    HOST = "host"
    BINARY = "binary"  #: ELF, Mach-O (thin or universal), PE, XCOFF, Wasm
    ARCHIVE = "archive"  #: an `ar` archive, a static library
    SCRIPT = "script"  #: starts with `#!`
    LOG = "log"  #: text that people paste
    FILE = "file"  #: anything that carries no facts


@dataclass(frozen=True, slots=True)
class Subject:
    """``id`` is unique in a report; ``name`` is the path as it was given."""

    id: str
    kind: Kind
    name: str
