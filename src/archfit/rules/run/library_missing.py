"""A library that the program needs is not on this host

What is wrong
-------------
The loader finds no file for a library which the program (or one of its libraries) names:
`error while loading shared libraries: libfoo.so.1: cannot open shared object file`,
`Error loading shared library libfoo.so.1: No such file or directory` (musl), `Library
not loaded: @rpath/libfoo.dylib` (dyld).

Why it happens
--------------
It is not installed, or lies where the loader does not look: its folder is in no rpath,
not in the loader's cache and no default folder, or the rpath is relative to another
place ($ORIGIN, @loader_path).

Remedy
------
Install the library, or name its folder in an rpath relative to the program.

References
----------
- ld.so(8): the order in which libraries are looked for
- dyld(1): @executable_path, @loader_path, @rpath

Limits
------
Libraries by themselves are not judged: the program that loads them may bring what they
need. What dlopen asks for is not seen. Environment variables of another login are not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archfit.facts import binary as b
from archfit.facts import host as h
from archfit.formats.log import Log
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.model.text import Hit, Text
from archfit.rules.execution import start
from archfit.rules.fit import fit, proof
from archfit.rules.host_packages import find_library
from archfit.rules.said import said, surest
from archfit.rules.targets import library_sets


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """Each needed library for which no file was found, of any ISA."""
    if b.TYPE.of(facts) != "executable":
        return
    found = b.LOADER_FOUND.of(facts)
    if found is not None and found.get("path") is None:
        # Without a loader nothing is looked for: run.loader-missing says so.
        return
    for isa, system, libraries in library_sets(facts):
        answer = start(isa, system, host)
        if answer is None or not answer.runs:
            continue
        for row in libraries:
            if row.get("path") is not None or row.get("wrong") or not _looked_for(row):
                continue
            for_ = f", which {row['for']} needs," if row.get("for") else ""
            broken = row.get("broken")
            where = f"is broken: {broken['why']}" if broken else "is not where the loader looks"
            yield from fit(
                need={"library": row["name"], "isa": isa},
                offer={"broken": broken["path"]} if broken else {"searched": row.get("searched")},
                message=f"{row['name']}{for_} {where}",
                evidence=proof(facts, b.NEEDED, b.RUNPATH, b.RPATH),
                remedies=(
                    Remedy(
                        f"Install the package that holds {row['name']}",
                        find_library(host, str(row["name"])) if system == "linux" else "",
                        safe=True,
                        verify="archfit check {subject}",
                    ),
                    Remedy("Or put it beside the program and give that folder as rpath"),
                ),
                confidence=0.93,
            )


def _looked_for(row: dict[str, object]) -> bool:
    """The whole search was possible; on macOS a library may live in the shared cache."""
    return (
        bool(row.get("searched") or row.get("broken"))
        and not row.get("unchecked")
        and row.get("by") is None
    )


_ABSENT = "{library} is not found"
TEXTS = (
    Text(
        "cannot open shared object file",
        _ABSENT,
        "glibc elf/dl-load.c",
        r"(?P<library>[\w./+@-]{1,300}): cannot open shared object file: No such file",
        0.92,
    ),
    Text(
        "cannot open shared object file",
        _ABSENT,
        "glibc elf/dl-load.c, localised or cut",
        r"(?P<library>[\w./+@-]{1,300}): cannot open shared object file(?!: No such| or| fail)",
        0.8,
    ),
    Text(
        "error while loading shared libraries",
        _ABSENT,
        "glibc elf/dl-load.c, with the rest of the line on the next one or cut off",
        r"error while loading shared libraries: (?P<library>[\w./+@-]{1,300}\.so[\w.]{0,20}):"
        r"\s*(?:cannot(?: open(?: shared(?: object)?)?)?\s*)?$",
        0.85,
    ),
    Text(
        "Expected in",
        "the library that has a symbol was not found where the program looks",
        "dyld 4 (Symbol not found: S ... Expected in: <no uuid> unknown)",
        r"Expected in:\s{1,8}<no uuid> unknown",
        0.72,
    ),
    Text(
        "Error loading shared library",
        _ABSENT,
        "musl ldso/dynlink.c",
        r"Error loading shared library (?P<library>[\w./+@-]{1,300}): No such file or directory"
        r"(?: \(needed by (?P<path>[^)\n]{1,300})\))?",
        0.93,
        ("library ld-linux",),
    ),
    Text(
        "Library not loaded",
        "{library} is not found",
        "dyld (Library not loaded ... Reason: image not found / tried: ... (no such file))",
        r"Library not loaded: (?P<library>[^\n]{1,300})",
        0.9,
    ),
    Text(
        "Library missing",
        "a library that the program needs is not found",
        "macOS crash report (Termination Reason: Namespace DYLD, Code 1 Library missing)",
        r"DYLD,? \[?(?:Code )?(?:1|0x1)\]? Library missing",
        0.9,
    ),
    Text(
        "was not found",
        "{library} is not found",
        "Windows loader dialog (0xc0000135)",
        r"(?:because|since) (?P<library>[\w.+-]{1,80}\.(?:dll|DLL)) was not found",
        0.93,
    ),
    Text(
        "is missing from your computer",
        "{library} is not found",
        "Windows loader dialog",
        r"(?P<library>[\w.+-]{1,80}\.(?:dll|DLL)) is missing from your computer",
        0.93,
    ),
    *(
        Text(
            needle,
            "a DLL that the program needs is not found",
            "Windows STATUS_DLL_NOT_FOUND, as Go, cargo and shells print it",
            confidence=0.9,
        )
        for needle in ("0xc0000135", "0xC0000135", "c0000135", "3221225781", "1073741515")
    ),
    Text(
        "The specified module could not be found",
        "a DLL (or one that it needs) is not found",
        "Windows ERROR_MOD_NOT_FOUND (126), as Python, Node, Java and .NET print it",
        r"(?:(?:DLL load failed(?: while importing (?P<library>\w{1,60}))?|\[WinError 126\]|"
        r"LoadLibrary|Failed to load|error 126|dll|DLL|\.node)[^\n]{0,200})"
        r"The specified module could not be found",
        0.9,
    ),
    Text(
        "Shared object",
        "{library} is not found",
        "FreeBSD, NetBSD ld-elf.so.1 (Shared object ... not found, required by ...)",
        r"Shared object \"(?P<library>[^\"\n]{1,120})\" not found, required by \"(?P<path>[^\"\n]"
        r"{1,200})",
        0.95,
    ),
    Text(
        "dlopen failed",
        "{library} is not found",
        "Android bionic linker",
        r"dlopen failed: library \"(?P<library>[^\"\n]{1,300})\" not found",
        0.93,
    ),
    Text(
        "CANNOT LINK EXECUTABLE",
        "{library} is not found",
        "Android bionic linker",
        r"CANNOT LINK EXECUTABLE [^\n]{0,200}library \"(?P<library>[^\"\n]{1,300})\" not found",
        0.95,
    ),
    Text(
        "in java.library.path",
        "{library} is in no folder of java.library.path",
        "OpenJDK java.lang.UnsatisfiedLinkError",
        r"no (?P<library>[\w.+-]{1,80}) in java\.library\.path",
        0.85,
    ),
    Text(
        "Unable to load library",
        "{library} is not found",
        "JNA",
        r"Unable to load library '(?P<library>[^'\n]{1,120})'",
        0.78,
    ),
    Text(
        "Unable to load shared library",
        "{library} is not found",
        ".NET DllNotFoundException",
        r"Unable to load (?:shared library|DLL) '(?P<library>[^'\n]{1,200})'",
        0.85,
    ),
    Text(
        "Unable to load DLL",
        "{library} is not found",
        ".NET DllNotFoundException",
        r"Unable to load DLL '(?P<library>[^'\n]{1,200})'",
        0.85,
    ),
    Text(
        "image not found",
        "{library} is not found",
        "dyld 2 and 3 (dlopen(...): image not found)",
        r"dlopen\((?P<library>[^,)\n]{1,300}), \d{1,3}\): image not found",
        0.9,
    ),
    Text(
        "no such file",
        "{library} is not found",
        "dyld 4 (dlopen(...): tried: '...' (no such file))",
        r"dlopen\((?P<library>[^,)\n]{1,300}), 0x[0-9A-Fa-f]{1,8}\): tried: '[^'\n]{1,300}' "
        r"\((?:no such file|'[^\n]{1,200} \(no such file)",
        0.85,
    ),
    Text(
        "Cannot find module",
        "the package of {library} for this platform is not installed",
        "Node.js (optional dependencies with a platform in their name)",
        r"Cannot find module '?(?P<library>@?[\w./@-]{1,80}-(?:linux|darwin|win32)-(?:x64|arm64|arm"
        r"|ia32)[\w-]{0,10})",
        0.7,
    ),
)
_PACKAGES = (
    ("libGL.so", "libgl1", "mesa-libGL", "mesa-gl"),
    ("libgthread-2.0", "libglib2.0-0", "glib2", "glib"),
    ("libglib-2.0", "libglib2.0-0", "glib2", "glib"),
    ("libstdc++.so", "libstdc++6", "libstdc++", "libstdc++"),
    ("libgcc_s", "libgcc-s1", "libgcc", "libgcc"),
    ("libgomp", "libgomp1", "libgomp", "libgomp"),
    ("libatomic", "libatomic1", "libatomic", "libatomic"),
    ("libssl.so.1.1", "libssl1.1", "openssl1.1", "openssl1.1-compat"),
    ("libcrypto.so.1.1", "libssl1.1", "openssl1.1", "openssl1.1-compat"),
    ("libssl.so.3", "libssl3", "openssl-libs", "libssl3"),
    ("libpq.so", "libpq5", "libpq", "libpq"),
    ("libz.so", "zlib1g", "zlib", "zlib"),
    ("libcrypt.so.1", "libcrypt1", "libxcrypt-compat", ""),
    ("libfuse.so.2", "libfuse2", "fuse-libs", "fuse"),
    ("libtinfo.so.5", "libtinfo5", "ncurses-compat-libs", ""),
    ("libncurses.so.5", "libncurses5", "ncurses-compat-libs", ""),
    ("libpython3", "libpython3-dev", "python3-libs", "python3"),
    ("libusb-1.0", "libusb-1.0-0", "libusbx", "libusb"),
    ("libX11.so", "libx11-6", "libX11", "libx11"),
    ("libnss3", "libnss3", "nss", "nss"),
    ("libaio.so", "libaio1", "libaio", "libaio"),
    ("libnuma.so", "libnuma1", "numactl-libs", "numactl"),
    ("librdkafka", "librdkafka1", "librdkafka", "librdkafka"),
    ("libasound", "libasound2", "alsa-lib", "alsa-lib"),
    ("libSDL2", "libsdl2-2.0-0", "SDL2", "sdl2"),
)
_PARTS = ("wrong architecture", "incompatible architecture", "wrong ELF class", "code signature")


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The library that is named first; not when the same message gives another reason."""
    left = [hit for hit in hits if not any(part in _reason(hit, log) for part in _PARTS)]
    left = [hit for hit in left if "libc.musl" not in hit.line]
    if not left:
        return
    best = surest(left)
    library = best.group("library").strip() or "a library"
    confidence = best.text.confidence
    if log.has("warning: while loading", "WARNING: Could not load", "(optional)"):
        confidence -= 0.2
    yield said(
        best,
        left,
        message=best.text.says.format(library=library),
        remedies=_mend(library, log),
        confidence=confidence,
    )


def _reason(hit: Hit, log: Log) -> str:
    if "Library not loaded" not in hit.line and "tried:" not in hit.line:
        return hit.line
    return "\n".join(log.around(hit.number, 0, 4))


def _mend(library: str, log: Log) -> Iterator[Remedy]:
    name = library.rsplit("/", 1)[-1]
    distribution = log.platform.distribution
    row = next((row for row in _PACKAGES if name.startswith(row[0])), None)
    if log.platform.os == "darwin" or name.endswith(".dylib"):
        formula = re.search(r"/(?:opt|Cellar)/([\w@.+-]{1,60})/", library)
        yield Remedy(
            "Install the library, for the ISA of the program"
            + (" (/usr/local is Intel Homebrew's)" if "/usr/local/" in library else ""),
            f"brew reinstall {formula[1]}" if formula else "",
            verify=f"ls -l {library}" if library.startswith("/") else "otool -L PROGRAM",
        )
        return
    if name.lower().endswith(".dll") or log.platform.os == "windows":
        runtime = "vcruntime" in name.lower() or "msvcp" in name.lower()
        yield Remedy(
            "Install the Visual C++ runtime"
            if runtime
            else f"Put {name} beside the program or its folder on PATH (mingw: link with -static)",
            verify=f"where {name}",
        )
        return
    if row is not None and distribution == "alpine" and row[3]:
        yield Remedy("Install it", f"apk add {row[3]}", verify=f"ls /usr/lib/{row[0]}*")
    elif row is not None and distribution == "fedora":
        yield Remedy("Install it", f"dnf install {row[2]}", verify=f"ldconfig -p | grep {row[0]}")
    elif row is not None:
        yield Remedy(
            "Install it", f"apt-get install {row[1]}", verify=f"ldconfig -p | grep {row[0]}"
        )
    else:
        search = {
            "alpine": f"apk search -x so:{name}",
            "fedora": f"dnf provides '*/{name}'",
            "arch": f"pacman -F {name}",
        }.get(distribution, f"apt-file search {name}")
        yield Remedy(
            "Find the package that brings it, and install it", search, verify="ldd PROGRAM"
        )
    yield Remedy(
        "If it lies in a folder of its own, name that folder in an rpath or to the loader",
        f"LD_LIBRARY_PATH=$(dirname $(find / -name '{name}*' -print -quit 2>/dev/null)) PROGRAM",
        safe=True,
    )


RULE = Rule(
    "run.library-missing",
    (Kind.BINARY,),
    (b.FORMAT, b.TYPE),
    (h.RUNS, h.OS),
    judge,
    TEXTS,
    weigh,
    yields_to=("run.library-arch", "run.libc-mismatch"),
)
