"""A C name that a link lacks, and its C++ twins that are there.

What the linker says does not tell it: `undefined reference to say_hello` reads the same
whether nobody defines the function or a C++ compiler defined it as `_Z9say_hellov`. The
objects of the build tell, and archfit reads them: those in the go command's work folder
(-work), the packages that its importcfg.link names, and libraries of the tree.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from archfit.formats import ar, elf
from archfit.formats.build_log import BuildLog
from archfit.formats.itanium import bare_name, is_mangled, source_name
from archfit.host import lab_store
from archfit.model.errors import ArchfitError

#: A library larger than this is not looked into.
_MOST = 256 << 20
#: Where packages of Go's own library begin (`go list std`, 1.27); they define no C name of a user.
# fmt: off
_GO_OWN = frozenset((
    "archive", "bufio", "bytes", "cmp", "compress", "container", "context", "crypto",
    "database", "debug", "embed", "encoding", "errors", "expvar", "flag", "fmt", "go",
    "hash", "html", "image", "index", "internal", "io", "iter", "log", "maps", "math",
    "mime", "net", "os", "path", "plugin", "reflect", "regexp", "runtime", "slices", "sort",
    "strconv", "strings", "structs", "sync", "syscall", "testing", "text", "time",
    "unicode", "unique", "unsafe", "vendor", "weak",
))
# fmt: on
_LIBRARIES = re.compile(r"\.(?:a|o|so(?:\.\d+)*|syso)$")


@dataclass(frozen=True, slots=True)
class Twin:
    """``wanted`` is missing, ``there`` is defined in ``where``: one of them is C++."""

    wanted: str
    there: str
    where: str

    @property
    def line(self) -> str:
        """As `nm` shows it, for the text that a cause is told from."""
        return f"{self.where}: 0000000000000000 T {self.there}"

    @property
    def fix(self) -> str:
        """What makes both names one."""
        if is_mangled(self.there):
            return f'declare {self.wanted} extern "C" in the header that {self.where} is built with'
        return f'include the header that declares {self.there} inside extern "C" {{ }}'


def undefined(text: str) -> list[str]:
    """The symbols that a linker's output says are missing, each once, in order."""
    lines = dict(enumerate(text.splitlines(), 1))
    return list(dict.fromkeys(one.symbol for one in BuildLog(lines).undefined))


def twins(wanted: Collection[str], objects: Mapping[str, bytes]) -> list[Twin]:
    """The twins of missing names that ``objects`` (name -> bytes) define."""
    names = {bare_name(symbol): symbol for symbol in wanted}
    found: dict[str, Twin] = {}
    for where, data in objects.items():
        if not any(name.encode() in data for name in names if name):
            continue
        for symbol in defined(data):
            base = source_name(symbol) if is_mangled(symbol) else symbol
            sought = names.get(base)
            if sought is not None and sought != symbol:
                found.setdefault(f"{sought} {symbol}", Twin(sought, symbol, where))
    return list(found.values())


def defined(data: bytes) -> Iterator[str]:
    """Global names that an ELF object, a shared library or an archive of objects defines.

    gABI 4.1, chapter 4, "Symbol Table": st_shndx is not SHN_UNDEF, and the binding is
    global or weak. What is malformed, or no ELF file, defines none.
    """
    try:
        if data.startswith(ar.REGULAR):
            for member in ar.members(data):
                inner = data[member.offset : member.offset + member.size]
                if inner.startswith(b"\x7fELF"):
                    yield from _names(inner)
        elif data.startswith(b"\x7fELF"):
            yield from _names(data)
    except ArchfitError:
        return


def _names(data: bytes) -> Iterator[str]:
    file = elf.read(data)
    table, strings = file.section(".symtab"), file.section(".strtab")
    if table is None or strings is None:
        table, strings = file.section(".dynsym"), file.section(".dynstr")
    if table is None or strings is None:
        return
    wide = file.bits == 64
    shape = struct.Struct(
        ("<" if file.endian == "little" else ">") + ("IBBHQQ" if wide else "IIIBBH")
    )
    _, offset, size = table
    end = strings[1] + strings[2]
    for row in shape.iter_unpack(data[offset : offset + size // shape.size * shape.size]):
        name, info, section = (row[0], row[1], row[3]) if wide else (row[0], row[3], row[5])
        if section and info >> 4 in (1, 2) and strings[1] + name < end:
            start = strings[1] + name
            stop = data.find(b"\0", start, end)
            if stop > start:
                yield data[start:stop].decode("utf-8", "replace")


def objects_of(work: str, tree: str) -> dict[str, bytes]:
    """Objects below a go command's work folder, of the packages it links, and of a tree."""
    found: dict[str, bytes] = {}
    for root, label in ((work, "$WORK"), (tree, ".")):
        for above, _, names in os.walk(root):
            for name in names:
                path = os.path.join(above, name)
                if name == "importcfg.link":
                    found |= _linked(path)
                elif _LIBRARIES.search(name) and os.path.getsize(path) <= _MOST:
                    found[os.path.join(label, os.path.relpath(path, root))] = _bytes(path)
    return found


def _linked(path: str) -> dict[str, bytes]:
    """Packages, but Go's own, that importcfg.link names (cmd/go exec.go, writeLinkImportcfg)."""
    found = {}
    for line in _bytes(path).decode("utf-8", "replace").splitlines():
        name, is_file, file = line.removeprefix("packagefile ").partition("=")
        if line.startswith("packagefile ") and is_file and name.split("/")[0] not in _GO_OWN:
            found[name] = _bytes(file)
    return found


def _bytes(path: str) -> bytes:
    try:
        return lab_store.read(path, _MOST) or b""
    except ArchfitError:
        return b""
