"""What a crash report of an Apple system says, as values.

`archfit.formats.ips` reads the JSON form, `archfit.formats.apple_crash` the older text.
"""

from __future__ import annotations

from dataclasses import dataclass

#: What the bug types stand for, as far as Apple's documents and headers of reports tell.
KINDS = {
    "109": "crash",
    "309": "crash",
    "385": "crash",
    "308": "crash",
    "115": "reset",
    "210": "kernel panic",
    "110": "kernel panic",
    "298": "jetsam",
    "198": "jetsam",
    "288": "stackshot",
    "188": "stackshot",
    "142": "resource",
    "144": "resource",
    "145": "resource",
    "202": "resource",
    "206": "resource",
    "302": "resource",
    "306": "resource",
}
_ISAS = {"ARM-64": "arm64", "ARM64": "arm64", "X86-64": "amd64", "X86": "386", "ARM": "arm"}


@dataclass(frozen=True, slots=True)
class Image:
    """A mapped binary. ``arch`` as the report spells it (arm64, arm64e, x86_64); "" unknown."""

    name: str
    path: str = ""
    arch: str = ""
    uuid: str = ""
    base: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class AppleFrame:
    """``image``: index into the report's images, None when it has none or the text lacks it.

    ``offset``: from the image's base; ``address`` where the report gives or allows it.
    """

    symbol: str = ""
    symbol_offset: int | None = None
    image: int | None = None
    image_name: str = ""
    offset: int | None = None
    address: int | None = None
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class AppleThread:
    """``registers`` by name as the report spells them; mostly for the crashed thread alone."""

    number: int
    crashed: bool
    name: str = ""
    queue: str = ""
    frames: tuple[AppleFrame, ...] = ()
    registers: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Termination:
    """Why the system ended the process. ``namespace``: SIGNAL, CODESIGNING, DYLD, JETSAM ..."""

    namespace: str
    code: int | None = None
    indicator: str = ""
    by: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """One report; "" and None for what it does not say.

    ``kind``: of `KINDS`, or "other". ``cpu_type`` as written (ARM-64, X86-64). ``translated``:
    under Rosetta. ``exception``: EXC_BAD_ACCESS ...; ``codes``: what stands beside it.
    ``asi``: application specific information, (image, text). ``complete``: False when the
    report is cut and only parts of it could be read.
    """

    bug_type: str = ""
    kind: str = "other"
    process: str = ""
    path: str = ""
    pid: int | None = None
    parent: str = ""
    os_version: str = ""
    model: str = ""
    cpu_type: str = ""
    translated: bool | None = None
    exception: str = ""
    signal: str = ""
    subtype: str = ""
    codes: str = ""
    termination: Termination | None = None
    region: str = ""
    asi: tuple[tuple[str, str], ...] = ()
    panic: str = ""
    threads: tuple[AppleThread, ...] = ()
    images: tuple[Image, ...] = ()
    complete: bool = True

    @property
    def isa(self) -> str:
        """ISA of the process in Go's spelling, "" when unknown."""
        return _ISAS.get(self.cpu_type.partition(" ")[0].upper(), "")

    @property
    def crashed(self) -> AppleThread | None:
        """The thread that died."""
        return next((thread for thread in self.threads if thread.crashed), None)
