"""Why two builds of one source are not the same file: which bytes, whose they are, from what.

A cause is named only when its own mark is found: the folder's name in the bytes, a setting of
the build info, a variable that the linker set, a time within the build, a source file that
was made anew. What follows from any difference (build ids, UUID, signature) is no cause.

Sources: `cmd/go/internal/load/pkg.go` (setBuildInfo: which settings are written, and that
-ldflags is left out with -trimpath), `cmd/link/internal/ld/data.go` (addstrdata: a variable
set by -X points at a symbol of its name with ".str"), Go 1.27.3; gcc's manual, "Standard
Predefined Macros" (forms of __DATE__ and __TIME__).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from archfit.lab.build_marks import (
    Side,
    bytes_of,
    functions_of,
    part_at,
    runs,
    section,
    set_by_linker,
    text_at,
    within,
)
from archfit.lab.program_parts import Part, Taken
from archfit.model.words import visible

#: Parts that any other difference changes too.
_FOLLOWS = (
    ".note.go.buildid", ".note.gnu.build-id", "code signature", "ELF header", "section headers",
    "program headers", "header and load commands", "PE headers", "symbols", "symbol names",
    ".symtab", ".strtab", ".gnu_debuglink",
)  # fmt: skip
_MOST_RUNS = 64
_NEAR = 48
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class PartDifference:
    """``sizes`` in both; ``differ``: bytes that are not the same, -1 when the sizes differ;
    ``first``: the first such byte, counted in the part; ``whose``: functions and variables."""

    name: str
    sizes: tuple[int, int]
    differ: int
    first: int
    whose: tuple[str, ...] = ()
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """``id``: toolchain, flags, vcs, path, linker-variable, generated, c-date, time, c-compiler,
    order, unknown."""

    id: str
    says: str
    evidence: tuple[str, ...] = ()
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """All that is known of why two files differ; ``causes`` is empty only when they do not."""

    parts: tuple[PartDifference, ...]
    settings: tuple[tuple[str, str, str], ...]
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen beside the files: sources that differ after both builds, as
    ``path:line: first | second``, and where C sources ask for the time, as ``path:line``."""

    generated: tuple[str, ...] = ()
    c_dates: tuple[str, ...] = ()


def explain(
    a: Taken, b: Taken, first: Side, second: Side, seen: Seen | None = None
) -> Difference | None:
    """What differs and why; None when the files are the same, byte for byte."""
    seen = seen or Seen()
    if len(a.data) == len(b.data) and a.data[:] == b.data[:]:
        return None
    parts = tuple(_parts(a, b))
    settings = tuple(_settings(a, b))
    causes = [
        *_toolchain(a, b),
        *_flags(settings),
        *_vcs(settings),
        *_paths(a, b, first, second),
        *_variables(a, b),
        *_generated(seen),
        *_compiler(a, b),
    ]
    known = {cause.id for cause in causes}
    if not known & {"linker-variable", "generated"}:
        causes += _times(a, b, first, second, seen)
    if not causes:
        causes = [_unknown(a, b, parts)]
    return Difference(parts, settings, tuple(causes))


# -- where they differ ------------------------------------------------------------------------


def _parts(a: Taken, b: Taken) -> Iterator[PartDifference]:
    others = {part.name: part for part in b.parts}
    for part in a.parts:
        other = others.pop(part.name, None)
        if other is None:
            yield PartDifference(part.name, (part.size, 0), -1, 0)
            continue
        one, two = bytes_of(a, part), bytes_of(b, other)
        if one == two:
            continue
        found = list(runs(one, two))
        same = len(one) == len(two)
        yield PartDifference(
            part.name,
            (part.size, other.size),
            sum(length for _, length in found) if same else -1,
            found[0][0] if found else 0,
            _whose(a, part, found) if same else (),
            part.name in _FOLLOWS,
        )
    for part in others.values():
        yield PartDifference(part.name, (0, part.size), -1, 0)


def _whose(a: Taken, part: Part, found: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    if part.address < 0:
        return ()
    names: dict[str, None] = {}
    for start, _ in found[:_MOST_RUNS]:
        address = part.address + start
        name = a.function(address) or a.symbol(address)
        if name:
            names.setdefault(name)
    return tuple(names)[:_SHOWN]


def _settings(a: Taken, b: Taken) -> Iterator[tuple[str, str, str]]:
    if a.info is None or b.info is None:
        return
    one, two = dict(a.info.settings), dict(b.info.settings)
    for kind, info in ((one, a.info), (two, b.info)):
        if info.main is not None:
            kind["module version"] = info.main.version
        kind |= {f"dep {dep.path}": f"{dep.version} {dep.sum}" for dep in info.deps}
    for key in dict.fromkeys((*one, *two)):
        if one.get(key) != two.get(key):
            yield key, one.get(key, "(absent)"), two.get(key, "(absent)")


# -- from what --------------------------------------------------------------------------------


def _toolchain(a: Taken, b: Taken) -> Iterator[Cause]:
    if a.release != b.release:
        yield Cause(
            "toolchain",
            f"another Go built it: {a.release or 'unknown'} and {b.release or 'unknown'}",
            remedy="pin the release: a toolchain line in go.mod, and GOTOOLCHAIN",
        )


def _vcs_key(key: str) -> bool:
    return key.startswith("vcs") or key in ("-buildvcs", "module version")


def _flags(settings: Sequence[tuple[str, str, str]]) -> Iterator[Cause]:
    rows = [row for row in settings if not _vcs_key(row[0])]
    deps = [row for row in rows if row[0].startswith("dep ")]
    rest = [row for row in rows if row not in deps]
    if rest:
        yield Cause(
            "flags",
            "built with other settings: " + ", ".join(key for key, _, _ in rest),
            tuple(f"{key}: {visible(x)} | {visible(y)}" for key, x, y in rest[:_SHOWN]),
            "write the flags and variables down, and build with the same",
        )
    if deps:
        yield Cause(
            "modules",
            f"{len(deps)} modules have another version",
            tuple(f"{key[4:]}: {x} | {y}" for key, x, y in deps[:_SHOWN]),
            "commit go.mod and go.sum, build with -mod=readonly",
        )


def _vcs(settings: Sequence[tuple[str, str, str]]) -> Iterator[Cause]:
    rows = [row for row in settings if _vcs_key(row[0])]
    if rows:
        dirty = any(row[0] == "vcs.modified" for row in rows)
        yield Cause(
            "vcs",
            "the stamp of the version control differs"
            + (": one tree had changes that were not committed" if dirty else ""),
            tuple(f"{key}: {visible(x)} | {visible(y)}" for key, x, y in rows[:_SHOWN]),
            "commit first, keep build products out of the tree, or -buildvcs=false",
        )


def _paths(a: Taken, b: Taken, first: Side, second: Side) -> Iterator[Cause]:
    found = []
    for taken, side in ((a, first), (b, second)):
        at = taken.data.find(side.folder.encode()) if side.folder else -1
        if at >= 0:
            found.append(f"{side.name}, in {part_at(taken, at)}: {text_at(taken, at)}")
    if len(found) == 2:
        yield Cause(
            "path",
            "the name of the folder it was built in stands in it",
            tuple(found),
            "-trimpath; for C objects that are built outside of go: -ffile-prefix-map=DIR=.",
        )


def _variables(a: Taken, b: Taken) -> Iterator[Cause]:
    """Strings that the linker was told to set, by their symbols."""
    one, two = set_by_linker(a), set_by_linker(b)
    rows = [
        (name, one.get(name), two.get(name))
        for name in dict.fromkeys((*one, *two))
        if one.get(name) != two.get(name)
    ]
    if rows:
        yield Cause(
            "linker-variable",
            "-ldflags=-X sets another value: " + ", ".join(name for name, _, _ in rows),
            tuple(f"{name}: {_shown(x)} | {_shown(y)}" for name, x, y in rows[:_SHOWN]),
            "set it from the commit (git show -s --format=%cI), not from the clock",
        )


def _shown(text: bytes | None) -> str:
    return "(not set)" if text is None else visible(text.decode("utf-8", "replace"))


def _generated(seen: Seen) -> Iterator[Cause]:
    if seen.generated:
        yield Cause(
            "generated",
            "a step of the build writes another source each time",
            seen.generated[:_SHOWN],
            "sort what the generator takes from a map or a folder, and leave the clock out",
        )


def _compiler(a: Taken, b: Taken) -> Iterator[Cause]:
    texts = [section(t, ".comment").strip(b"\0").replace(b"\0", b"; ") for t in (a, b)]
    if texts[0] != texts[1]:
        yield Cause(
            "c-compiler",
            "another C compiler or linker left its record",
            (" | ".join(visible(text.decode("utf-8", "replace")) for text in texts),),
            "build in one image, and pin the compiler's package",
        )


# -- times ------------------------------------------------------------------------------------


def _times(a: Taken, b: Taken, first: Side, second: Side, seen: Seen) -> Iterator[Cause]:
    if not first.began or not second.began:
        return
    others = {part.name: part for part in b.parts}
    for part in a.parts:
        other = others.get(part.name)
        if other is None or part.name in _FOLLOWS:
            continue
        one, two = bytes_of(a, part), bytes_of(b, other)
        if one == two:
            continue
        for start, length in list(runs(one, two))[:_MOST_RUNS]:
            low, high = max(0, start - _NEAR), start + min(length, 256) + _NEAR
            texts = within(one[low:high], first), within(two[low:high], second)
            pair = next((p for p in zip(*texts, strict=False) if p[0] != p[1]), None)
            if pair is not None:
                yield _time(seen, part, pair)
                return


def _time(seen: Seen, part: Part, texts: tuple[str, str]) -> Cause:
    evidence = (f"{part.name}: {texts[0]} | {texts[1]}",)
    if seen.c_dates:
        return Cause(
            "c-date",
            "C code has the time of its compilation in it (__DATE__, __TIME__)",
            (*evidence, *seen.c_dates[:_SHOWN]),
            "take the macro out, or set SOURCE_DATE_EPOCH (gcc; clang from 16 on): --epoch",
        )
    return Cause(
        "time",
        "the time of the build stands in it",
        evidence,
        "take it from the commit, not from the clock",
    )


# -- what is left -----------------------------------------------------------------------------


def _unknown(a: Taken, b: Taken, parts: Sequence[PartDifference]) -> Cause:
    real = [part for part in parts if not part.follows]
    if not real:
        where = ", ".join(part.name for part in parts) or "bytes between the sections"
        return Cause("unknown", f"only what follows from a difference differs: {where}")
    one, two = functions_of(a), functions_of(b)
    changed = [name for name in one if name in two and one[name] != two[name]]
    only = [name for name in (*one, *two) if (name in one) != (name in two)]
    evidence = [f"size of the code differs: {name}" for name in changed[:_SHOWN]]
    evidence += [f"in one of them only: {name}" for name in only[:_SHOWN]]
    evidence += [f"{part.name}: {', '.join(part.whose)}" for part in real if part.whose]
    if not changed and not only and all(part.sizes[0] == part.sizes[1] for part in real):
        return Cause(
            "order",
            "the same code and sizes, other values or another order in "
            + ", ".join(part.name for part in real),
            tuple(evidence[:_SHOWN]),
            "look for a generator or linker input whose order is not fixed",
        )
    return Cause(
        "unknown",
        "code or data differ in " + ", ".join(part.name for part in real) + "; no mark of a cause",
        tuple(evidence[: 2 * _SHOWN]),
    )
