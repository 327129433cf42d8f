"""Names for the frames of a joined stack, by `archfit.crash.symbolizer`."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from archfit.crash.binary import of_elf_file
from archfit.crash.joined import Joined, address
from archfit.crash.symbolizer import Frame as NamedFrame
from archfit.crash.symbolizer import Symbolizer
from archfit.crash.unwind import Frame
from archfit.model.errors import Malformed


class Names:
    """Functions, files and lines of frames; each mapped file is opened once."""

    def __init__(self, joined: Joined) -> None:
        self._joined = joined
        self._open: dict[int, Symbolizer | None] = {}
        self._known: dict[tuple[int, int], Sequence[NamedFrame]] = {}

    def __enter__(self) -> Names:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one in self._open.values():
            if one is not None:
                one.close()

    def of(self, frame: Frame) -> Sequence[NamedFrame]:
        """The frames at this place, innermost inlined call first; empty: nothing is known."""
        module = frame.module
        if module is None:
            return ()
        key = (module.low, address(frame))
        if key not in self._known:
            self._known[key] = self._find(frame)
        return self._known[key]

    def _find(self, frame: Frame) -> Sequence[NamedFrame]:
        module = frame.module
        assert module is not None
        if module.low not in self._open:
            try:
                self._open[module.low] = Symbolizer(of_elf_file(module.path, module.data))
            except Malformed:
                self._open[module.low] = None
        symbolizer = self._open[module.low]
        found = symbolizer.frames(address(frame)) if symbolizer else ()
        if not found and frame.name:
            found = [NamedFrame(frame.name, "", 0, False, "symtab", "STORED")]
        return found
