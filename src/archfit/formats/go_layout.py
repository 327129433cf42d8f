"""Where the parts of a Go program lie in a file, whatever the file's own format.

The readers of Go's own tables (`go_buildinfo`, `pclntab`, `go_release`) see a `Layout`
and the window, so that they serve ELF, each slice of a Mach-O, PE and XCOFF alike.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A run of bytes that stands in the file and is mapped when the program runs.

    ``address``: where it is mapped. ``offset``: where it stands in the window.
    ``size``: bytes. Who makes a span sees to it that it lies within the window.
    """

    address: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        """Offset in the window after its last byte."""
        return self.offset + self.size


@dataclass(frozen=True, slots=True)
class Layout:
    """Spans of one program.

    ``mapped``: all of them, for turning addresses into offsets. ``info``: the section of the
    build info's own, when there is one; ``writable``: else the data in which `go version`
    searches it. ``table``: the section of the pclntab's own; ``constants``: else the data in
    which one may stand. ``strings``: read-only data, for the release's name.
    ``order`` and ``pointer``: byte order (``<`` or ``>``) and bytes of a pointer.
    """

    mapped: tuple[Span, ...]
    info: Span | None = None
    writable: Span | None = None
    table: Span | None = None
    constants: tuple[Span, ...] = ()
    strings: tuple[Span, ...] = ()
    order: str = "<"
    pointer: int = 8

    def at(self, address: int) -> tuple[int, int] | None:
        """(offset, end of its span) of what is mapped at ``address``; None when nothing is."""
        for span in self.mapped:
            if span.address <= address < span.address + span.size:
                return span.offset + address - span.address, span.end
        return None
