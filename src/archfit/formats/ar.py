"""`ar` archives: static libraries and import libraries.

Sources: <ar.h> and ar(5) of FreeBSD (header, `#1/N` names), binutils 2.40
include/aout/ar.h and bfd/archive.c (`//` long names, `/SYM64/`, thin archives),
PE/COFF specification 6 (linker members, NUL-ended long names).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from archfit.formats import bitcode
from archfit.formats.isa_of_head import HEAD, isa_of_head
from archfit.model.errors import Malformed
from archfit.model.image import Window

REGULAR = b"!<arch>\n"
THIN = b"!<thin>\n"

#: The largest static libraries in use have some ten thousand members.
MOST_MEMBERS = 100_000
#: Bytes of long names; they are copied, so they are bounded.
_MOST_NAMES = 16 << 20
#: Bytes of one name, which may be a path (PATH_MAX).
_LONGEST_NAME = 4096
#: More targets than there are ports.
_MOST_TARGETS = 64

#: Members that are tables for the linker, not files. Names of `/<...>/` are such too.
_TABLES = frozenset(
    (b"/", b"/SYM64/", b"__.SYMDEF", b"__.SYMDEF SORTED", b"__.SYMDEF_64", b"__.SYMDEF_64 SORTED")
)


class Member(NamedTuple):
    """``offset`` and ``size`` of its bytes in the window.

    ``stored`` is False in a thin archive: the name is then a path, seen from the archive's
    folder, and the bytes are there.
    """

    name: str
    offset: int
    size: int
    stored: bool


def is_thin(data: Window, start: int = 0) -> bool:
    """Whether the members' bytes stand in files of their own."""
    return data[start : start + 8] == THIN


def members(data: Window, start: int = 0, end: int | None = None) -> Iterator[Member]:
    """The members of the archive in ``data[start:end]``, in order, without the linker's tables.

    Malformed: no archive, a header that is none, a member that reaches beyond the end, or more
    than `MOST_MEMBERS`; what came before has been given out by then.
    """
    stop = len(data) if end is None else end
    thin = is_thin(data, start)
    if not thin and data[start : start + 8] != REGULAR:
        raise Malformed("no ar archive")
    names = b""
    at = start + 8
    count = 0
    while at < stop:
        body = at + 60
        header = data[at:body]
        if body > stop:
            if not header[: stop - at].strip(b"\0\n "):
                return
            raise Malformed("the archive is cut off within a member's header")
        field_ = header[48:58].rstrip(b" ")
        if header[58:] != b"`\n" or not field_.isdigit():
            raise Malformed(f"no member's header at offset {at}")
        size = int(field_)
        name = header[:16].rstrip(b" ")
        count += 1
        if count > MOST_MEMBERS:
            raise Malformed(f"more than {MOST_MEMBERS} members")
        table = name in _TABLES or name[:2] in (b"//", b"/<")
        stored = not thin or table
        at = body + size + (size & 1) if stored else body
        if stored and body + size > stop:
            raise Malformed("the archive is cut off within a member")
        if name == b"//":
            if size > _MOST_NAMES:
                raise Malformed(f"{size} bytes of long names")
            names = bytes(data[body : body + size])
        elif not table:
            if name[:3] == b"#1/":
                length = _number(name[3:])
                if length > size or length > _LONGEST_NAME:
                    raise Malformed("a member's name is longer than the member, or than any path")
                name = bytes(data[body : body + length]).rstrip(b"\0")
                body, size = body + length, size - length
                if name in _TABLES:
                    continue
            elif name[:1] == b"/":
                name = _long_name(names, name[1:])
            elif name[-1:] == b"/":
                name = name[:-1]
            yield Member(name.decode("utf-8", "backslashreplace"), body, size, stored)


def _number(digits: bytes) -> int:
    if not digits.isdigit():
        raise Malformed("a member's name refers to nothing")
    return int(digits)


def _long_name(names: bytes, reference: bytes) -> bytes:
    # `/123`, in a thin archive of archives `/123:456` (the member's place in the inner one).
    at = _number(reference.split(b":", 1)[0])
    if at >= len(names):
        raise Malformed("a member's long name lies outside the names")
    stop = at + _LONGEST_NAME
    cut = names.find(b"\n", at, stop)
    nul = names.find(b"\0", at, cut if cut >= 0 else stop)
    if nul >= 0:
        cut = nul
    if cut < 0:
        if stop < len(names):
            raise Malformed("a member's long name is longer than any path")
        cut = stop
    name = names[at:cut]
    return name[:-1] if name[-1:] == b"/" else name


@dataclass(slots=True)
class Census:
    """``isas``: number of object members of each "os/isa", as far as it can be told.

    ``odd``: (name, "os/isa") of the first members that are not of the majority. ``objects``
    counts all members that are code, bitcode without a known target too; ``others`` those
    that are none: manifests, export data.
    """

    objects: int = 0
    others: int = 0
    isas: Counter[str] = field(default_factory=Counter)
    odd: list[tuple[str, str]] = field(default_factory=list)


#: The export data of a Go package; its code is in the members beside it.
_GO_EXPORTS = "__.PKGDEF"
_MOST_ODD = 10


def census(
    data: Window,
    start: int = 0,
    end: int | None = None,
    head_of: Callable[[str], bytes | None] | None = None,
) -> Census:
    """Counts the members of each system and ISA. Malformed as `members`.

    ``head_of`` gives the first bytes of a thin archive's member by its path, or None.
    """
    found = Census()
    isas = found.isas
    triples = bitcode.Triples()
    first: dict[str, list[str]] = {}
    for name, offset, size, stored in members(data, start, end):
        if stored:
            head = data[offset : offset + min(size, HEAD)]
        else:
            head = (head_of(name) if head_of else None) or b""
        key = _key(data, head, offset, size if stored else 0, triples)
        if key is None or name == _GO_EXPORTS:
            found.others += 1
            continue
        found.objects += 1
        if not key:
            continue
        isas[key] += 1
        if len(isas) > _MOST_TARGETS:
            raise Malformed(f"members for more than {_MOST_TARGETS} targets")
        # Only who comes first of each kind can be among the odd ones that are told.
        known = first.setdefault(key, [])
        if len(known) < _MOST_ODD:
            known.append(name)
    ranked = [key for key, _ in isas.most_common()]
    found.odd = [(name, key) for key in ranked[1:] for name in first[key]][:_MOST_ODD]
    return found


#: Headers of objects don't tell these apart, so bitcode must not seem to differ from them.
_FAMILY = {
    "ios": "darwin",
    "tvos": "darwin",
    "watchos": "darwin",
    "android": "linux",
    "wasip1": None,
}


def _key(data: Window, head: bytes, offset: int, size: int, triples: bitcode.Triples) -> str | None:
    """os/isa; "" for bitcode that does not tell; None for what is no code."""
    known = isa_of_head(head)
    if known is None:
        if head[:4] not in (bitcode.RAW, bitcode.WRAPPER):
            return None
        known_os, isa = triples.target(data, offset, offset + size)
        if isa is None:
            return ""
        known = (_FAMILY.get(known_os or "", known_os), isa)
    system, isa = known
    return f"{system}/{isa}" if system else isa
