"""Every signal of what this machine and its tools are, row by row, with what can bend it.

Those of the usual advice (GOARCH, `file $(which go)`, `go version -m`, runtime.GOARCH,
uname -m, arch, C.size_t) and the better ones beside them; `docs/verdict.md` tells how
far each can be trusted and why. The verdict is drawn from facts, not from this table.
"""

from __future__ import annotations

from collections.abc import Iterator

from archfit.facts import host as h
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Facts, Trust
from archfit.model.image import HostProbe
from archfit.platforms.isa import bits

Row = dict[str, object]

_USER = "the user's environment"
_TRANSLATION = "translation"
_PERSONALITY = "personality (setarch), translation"
_NOTHING = "nothing"
_COMPILED = "nothing: compiled in"


def run(door: Door, facts: dict[str, Fact]) -> None:
    """A signal that this machine does not have makes no row."""
    rows = [
        *_declared(facts),
        *(_darwin(door) if h.OS.of(facts) == "darwin" else _linux(door)),
        *_process(facts),
        *_size_t(facts),
        *_go(door, facts),
        *_tools(facts),
    ]
    facts[h.SIGNALS.name] = Fact(rows, Trust.OBSERVED, "each row has its own trust")


def _row(signal: str, value: object, bent_by: str, trust: Trust, note: str = "") -> Row:
    return {
        "signal": signal,
        "value": value,
        "bent_by": bent_by,
        "trust": trust.name,
        "note": note,
    }


def _declared(facts: Facts) -> Iterator[Row]:
    for key, name in ((h.GOARCH_ENV, "GOARCH"), (h.GOOS_ENV, "GOOS")):
        note = "the target of the next build, not what anything here is"
        if key.of(facts):
            yield _row(f"{name} (variable)", key.of(facts), _USER, Trust.DECLARED, note)
    settings = (h.GOENV_FILE.of(facts) or {}).get("settings", {})
    for name in ("GOARCH", "GOOS", "CC", "CGO_ENABLED"):
        if name in settings:
            path = (h.GOENV_FILE.of(facts) or {}).get("path")
            yield _row(f"{name} (go env -w)", settings[name], _USER, Trust.DECLARED, f"in {path}")


def _darwin(door: Door) -> Iterator[Row]:
    _, _, _, version, machine = door.uname()
    note = "of this process: x86_64 under Rosetta"
    yield _row("uname -m", machine, _TRANSLATION, Trust.REPORTED, note)
    kernel = version.rsplit("/", 1)[-1]
    yield _row("uname -v", kernel, _NOTHING, Trust.OBSERVED, "the kernel's own build")
    try:
        answer = door.run(["arch"])
        note = "prints i386, not x86_64, for a translated process"
        yield _row("arch", answer.out.strip(), _TRANSLATION, Trust.REPORTED, note)
    except Unavailable:
        pass
    for name, note in (
        ("sysctl.proc_translated", "1 translated, 0 native; no such name on Intel"),
        ("hw.optional.arm64", "the machine's, also under Rosetta; no such name on Intel"),
        ("hw.machine", "of this process"),
    ):
        bent = _TRANSLATION if name == "hw.machine" else _NOTHING
        trust = Trust.REPORTED if name == "hw.machine" else Trust.OBSERVED
        try:
            yield _row(name, door.sysctl(name), bent, trust, note)
        except Unavailable as error:
            if "no such name" in error.why:
                yield _row(name, None, bent, trust, "no such name: " + note)


def _linux(door: Door) -> Iterator[Row]:
    note = "setarch and translators change it; arch(1) prints the same"
    yield _row("uname -m", door.uname()[4], _PERSONALITY, Trust.REPORTED, note)
    for path, note in (
        ("/proc/sys/kernel/arch", "the kernel's own name, Linux 6.1 and later"),
        ("/sys/firmware/devicetree/base/cpus/cpu@0/compatible", "what the firmware found"),
    ):
        try:
            text = door.read(path, 256).replace(b"\0", b" ").decode("latin-1").strip()
        except Unavailable:
            continue
        yield _row(path, text, _NOTHING, Trust.OBSERVED, note)
    shown, real = (door.realpath(f"/proc/{which}/exe") for which in ("self", "thread-self"))
    if real != "/proc/thread-self/exe":
        note = "the image that the kernel runs" + ("" if shown == real else f", not {shown}")
        yield _row("/proc/thread-self/exe", real, _NOTHING, Trust.OBSERVED, note)


def _process(facts: Facts) -> Iterator[Row]:
    own = h.PROCESS_ISA.of(facts)
    if own is not None:
        by = f" under {h.TRANSLATOR.of(facts)}" if h.TRANSLATED.of(facts) else ""
        fact = facts[h.PROCESS_ISA.name]
        yield _row("this process", own + by, _NOTHING, fact.trust, fact.source)
    for row in h.ANCESTORS.of(facts) or ():
        words = "translated" if row.get("translated") else "native"
        value = f"{row.get('isa')}, {words}" if row.get("isa") else None
        yield _row(
            f"process {row.get('name')}",
            value,
            _NOTHING,
            Trust.OBSERVED,
            "what it starts may be of another ISA",
        )


def _size_t(facts: Facts) -> Iterator[Row]:
    isas = [isa for isa in (h.ISA.of(facts), h.PROCESS_ISA.of(facts)) if isa]
    sizes = {isa: (bits(isa) or 0) // 8 for isa in dict.fromkeys(isas)}
    note = "8 bytes, 8 aligned, on amd64 and on arm64 (both LP64): tells nothing of the two"
    yield _row("C.size_t", sizes, _COMPILED, Trust.STORED, note)


def _go(door: Door, facts: Facts) -> Iterator[Row]:
    for row in h.GO.of(facts) or ():
        if not row.get("on_path"):
            continue
        path = str(row["path"])
        isas = row.get("isas") or row.get("isa")
        note = "the slices of the go file: what the kernel obeys"
        yield _row(f"file {path}", isas, _NOTHING, Trust.HEADER, note)
        stored = _stored(door, door.realpath(path))
        if stored:
            note = "GOARCH in its build info; may be absent, and is that of the first slice"
            yield _row(f"go version -m {path}", stored, _COMPILED, Trust.STORED, note)
        for name, bent, trust, note in (
            ("gohostarch", _COMPILED, Trust.REPORTED, "runtime.GOARCH of the go command"),
            ("goarch", _USER, Trust.REPORTED, "what it would build for now"),
            ("cgo", _USER, Trust.REPORTED, "off by default in a cross build"),
            ("cc", _USER, Trust.REPORTED, ""),
        ):
            if row.get(name):
                label = {"cgo": "CGO_ENABLED"}.get(name, name.upper())
                yield _row(f"go env {label} ({path})", row[name], bent, trust, note)


def _stored(door: Door, path: str) -> str | None:
    """GOARCH as the build info has it: a line of text in the file (src/debug/buildinfo)."""
    needle = b"build\tGOARCH="
    try:
        places = door.find(path, needle, len(needle) + 16, 1)
    except Unavailable:
        return None
    words = [place[len(needle) :].split(b"\n")[0].decode("latin-1") for place in places]
    return next((word for word in words if word.isalnum()), None)


def _tools(facts: Facts) -> Iterator[Row]:
    for row in h.CC.of(facts) or ():
        if row.get("default") and row.get("target"):
            bent, note = _USER + " (CC)", "what it compiles for unless told"
            if row.get("any_target"):
                bent, note = _TRANSLATION, "cmd/go passes -arch, so this seldom matters"
            yield _row(f"{row['name']} -dumpmachine", row["target"], bent, Trust.REPORTED, note)
    for row in h.BREW.of(facts) or ():
        note = "on PATH" if row.get("on_path") else "not on PATH"
        trust = Trust.HEADER if row.get("by") == "header" else Trust.DECLARED
        yield _row(f"Homebrew in {row['prefix']}", row.get("isa"), _NOTHING, trust, note)


PROBE = HostProbe(
    name="host_signals",
    gives=(h.SIGNALS,),
    run=run,
    after=(
        "host_machine",
        "host_environment",
        "host_ancestors",
        "host_go",
        "host_cc",
        "host_brew",
    ),
    costly=True,
)
