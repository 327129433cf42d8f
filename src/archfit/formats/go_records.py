"""What Go's function table says of one function, and one frame at an address."""

from __future__ import annotations

from typing import NamedTuple


class Function(NamedTuple):
    """One function of the table. ``entry`` up to ``end`` (padding included) in addresses.

    ``args``: bytes, or `ARGS_UNKNOWN`. ``func_id``: of the release's own numbering
    (`internal/abi/symtab.go`), None before 1.10. ``flags``: `TOP_FRAME`, `SP_WRITE`, `ASM`; None
    before 1.17. ``start_line``: of the `func` keyword, None before 1.20. ``deferreturn``: offset
    from the entry, 0: none. ``pcsp``, ``pcfile``, ``pcln``: of the pc-value tables, 0: none.
    ``record``: offset of the record in the window; ``arrays``: of what follows it.
    """

    entry: int
    end: int
    name: str
    args: int
    func_id: int | None
    flags: int | None
    start_line: int | None
    deferreturn: int
    pcsp: int
    pcfile: int
    pcln: int
    npcdata: int
    nfuncdata: int
    unit: int
    record: int
    arrays: int


class Place(NamedTuple):
    """One frame: a function, and the position in it. ``file`` "" and ``line`` 0: not known."""

    function: str
    file: str
    line: int
    inlined: bool
    start_line: int | None
