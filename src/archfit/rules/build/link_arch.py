"""Link inputs of more than one ISA

What is wrong
-------------
An archive holds object files of different ISAs, or an object or library of another ISA
than the link's is given to the linker. A link takes those of its own target and fails on,
or silently passes over, the others: `skipping incompatible`, `file in wrong format`, `is
incompatible with elf64-x86-64`, `ignoring file ..., building for macOS-x86_64 but
attempting to link with file built for macOS-arm64`, `found architecture 'x86_64', required
architecture 'arm64'`, then undefined symbols.

Why it happens
--------------
Objects of two builds were put into one archive (`ar r` into an archive left over from the
other ISA, a build folder shared by two targets, `lipo` left out); a prebuilt library was
taken for the wrong target; a search path of the host stands in a cross build.

Remedy
------
Take the library of the link's ISA. Make the archive anew from objects of one ISA; for macOS
join one archive for each ISA with lipo.

References
----------
- binutils ld/ldelf.c, ldfile.c ("skipping incompatible"), bfd/elf*-*.c
- ld64 src/ld/InputFiles.cpp, Resolver.cpp; lld ELF/InputFiles.cpp (isCompatible)
- mold input-files.cc; Go cmd/link/internal/loadelf, loadmacho; lipo(1), libtool(1)

Limits
------
Bitcode and members that are no object files are not counted. Whether an archive of one
ISA fits the link it is used in can't be seen from the archive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from shlex import quote

from archfit.facts import binary as b
from archfit.formats.log import Log
from archfit.model.fact import Facts
from archfit.model.finding import Evidence, Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.model.text import Hit
from archfit.rules.fit import fit, proof
from archfit.rules.foreign_input import TEXTS, WARNINGS, isa_named, side
from archfit.rules.said import said, surest


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """An archive whose members do not agree."""
    isas = b.MEMBER_ISAS.require(facts)
    if len(isas) < 2:
        return
    main = max(isas, key=lambda name: isas[name])
    odd = b.ODD_MEMBERS.of(facts) or []
    yield from fit(
        need={"members": main},
        offer={"members": isas},
        message=f"holds objects of {len(isas)} targets: "
        + ", ".join(f"{count} of {name}" for name, count in isas.items()),
        evidence=(
            *proof(facts, b.MEMBER_ISAS),
            *(Evidence(str(m.get("name")), f"is for {m.get('isa')}") for m in odd[:5]),
        ),
        remedies=(
            Remedy(
                f"Make the archive anew from the objects of one target, or take out those that "
                f"are not of {main}",
                _take_out(odd, sum(isas.values()) - isas[main]),
                verify="archfit check {subject}",
            ),
        ),
    )


def _take_out(odd: Sequence[Mapping[str, object]], count: int) -> str:
    """`ar d` with the odd members, when all are known and a shell and ar take their names.

    Of two members of one name `ar d` takes out the first (ar(1)), so a name may stand once only.
    """
    names = [str(member.get("name")) for member in odd]
    plain = all(name and not name.startswith("-") and not set(name) & set("/{}") for name in names)
    if not names or len(names) != count or len(set(names)) != count or not plain:
        return ""
    return f"ar d {{subject}} {' '.join(quote(name) for name in names)}"


#: What a link that failed says after its warnings.
_FAILED = (
    "ndefined symbol",
    "ndefined reference",
    "symbol(s) not found",
    "cannot find -l",
    "library not found",
    "unable to find library",
    "ld returned 1",
    "linker command failed",
    "LNK1120",
    "LNK2001",
    "LNK2019",
)
_BUILT = ("BUILD SUCCEEDED", "BUILD SUCCESSFUL", "Build succeeded", "Finished `", "Successfully")
#: The toolchain's own libraries: what is missing is its other half (multilib).
_OWN = ("libgcc", "libstdc++", "/libc.", "/libm.", "libpthread", "libasan")


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """A refused input; of inputs that were only passed over, one that the link missed."""
    telling = [hit for hit in hits if not log.build.probe(hit.number)]
    fatal = [hit for hit in telling if hit.text not in WARNINGS]
    passed = [hit for hit in telling if hit.text in WARNINGS]
    if fatal:
        best = surest(fatal)
        yield said(best, telling, message=_message(best), remedies=_mend(best))
    elif passed:
        best = surest(passed)
        own = all(any(name in hit.line for name in _OWN) for hit in passed)
        if log.has(*_FAILED):
            if not own:
                yield said(best, passed, message=_message(best), remedies=_mend(best))
        elif "skipping incompatible" not in best.line and not log.has(*_BUILT):
            yield said(best, passed, message=_message(best), remedies=_mend(best), confidence=0.6)


def _message(hit: Hit) -> str:
    have, need, path = side(hit, "have"), side(hit, "need"), hit.group("path")
    if not (have and need):
        return ""
    what = path or "a link input"
    return f"{what} is for {have}, the link is for {need}"


def _mend(hit: Hit) -> Iterator[Remedy]:
    path, need = hit.group("path"), side(hit, "need")
    target = need or "the link's ISA"
    name = path or "the library"
    isa = isa_named(need)
    if path.startswith(("/opt/homebrew/", "/usr/local/")) and isa:
        prefix = "/opt/homebrew" if isa == "arm64" else "/usr/local"
        yield Remedy(
            f"Take the library from the Homebrew of the link's ISA ({prefix})",
            f"{prefix}/bin/brew install {_formula(path)}",
            verify=f"lipo -archs {prefix}/lib/{path.rsplit('/', 1)[-1]}",
        )
    yield Remedy(f"Give the linker {name} built for {target}", verify=f"file {path or 'LIBRARY'}")
    if path.endswith((".a", ".o")) or "go-build" in path:
        yield Remedy("Remove objects left over from another target and build again", "make clean")


def _formula(path: str) -> str:
    parts = path.split("/")
    for folder in ("Cellar", "opt"):
        if folder in parts[2:-1]:
            return parts[parts.index(folder, 2) + 1]
    return parts[-1].split(".")[0].removeprefix("lib")


RULE = Rule(
    "build.link-arch",
    (Kind.ARCHIVE,),
    (b.MEMBER_ISAS,),
    (),
    judge,
    texts=TEXTS,
    weigh=weigh,
    yields_to=("build.mixed-toolchain", "build.cross-cc", "build.go-too-old"),
)
