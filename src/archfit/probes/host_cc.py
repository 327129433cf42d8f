"""C compilers: which there are, of what ISA, and for what target they compile.

On macOS /usr/bin/cc and its like are shims of xcrun; without developer tools each would
open a dialog, so they are started only when `host.developer_dir` is known.

Sources: gcc(1) and clang's -dumpmachine; zig's `zig cc -target`, which compiles for any
target; cmd/cgo (CC, and CC_FOR_GOOS_GOARCH).
"""

from __future__ import annotations

from archfit.facts.host import CC, DEVELOPER_DIR, ISA, OS, PROCESS_ISA
from archfit.formats.slice_isa import HEAD, isas_in
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe
from archfit.platforms.isa import rows

_NAMES = ("cc", "gcc", "clang", "musl-gcc", "zig")
_SYSTEMS = (
    "linux-gnu",
    "linux-gnueabihf",
    "linux-gnueabi",
    "linux-musl",
    "linux-musleabihf",
    "unknown-linux-gnu",
    "w64-mingw32",
)
_MAX = 16


def run(door: Door, facts: dict[str, Fact]) -> None:
    """An empty list is an answer too. ``default``: what cgo would take without CC."""
    given = door.env.get("CC", "").split()[:1]
    default = given[0] if given else ("clang" if OS.of(facts) == "darwin" else "gcc")
    found: list[dict[str, object]] = []
    seen: set[str] = set()
    for name in dict.fromkeys([*given, *_NAMES, *_crossed()]):
        for path in [name] if name.startswith("/") else door.which(name)[:1]:
            real = door.realpath(path)
            if (real in seen and name != default) or len(found) == _MAX:
                continue
            seen.add(real)
            found.append(_compiler(door, facts, name, path) | {"default": name == default})
    facts[CC.name] = Fact(found, Trust.REPORTED, "-dumpmachine and --version of each")


def _crossed() -> list[str]:
    """Cross compilers by their usual names: aarch64-linux-gnu-gcc."""
    return [
        f"{cpu}-{system}-gcc"
        for row in rows().values()
        for cpu in row["gnu"]
        for system in _SYSTEMS
    ]


def _compiler(door: Door, facts: dict[str, Fact], name: str, path: str) -> dict[str, object]:
    isas = _isas(door, path)
    row: dict[str, object] = {"name": name, "path": path, "isa": None}
    if isas:
        wish = PROCESS_ISA.of(facts), ISA.of(facts)
        row["isa"] = next((isa for isa in wish if isa in isas), isas[0])
    if OS.of(facts) == "darwin" and path.startswith("/usr/bin/"):
        row["any_target"] = True  # Apple's clang takes -arch, which cmd/go passes
        if DEVELOPER_DIR.of(facts) is None:
            return row | {"error": "no developer tools are installed"}
    if name == "zig":
        return row | {"any_target": True} | _said(door, "version", [path, "version"])
    return (
        row
        | _said(door, "target", [path, "-dumpmachine"])
        | _said(door, "version", [path, "--version"])
    )


def _said(door: Door, what: str, argv: list[str]) -> dict[str, object]:
    try:
        answer = door.run(argv)
    except Unavailable as error:
        return {"error": error.why}
    lines = answer.out.strip().splitlines()
    return {what: lines[0]} if answer.status == 0 and lines else {}


def _isas(door: Door, path: str) -> tuple[str, ...]:
    try:
        return isas_in(door.read(path, HEAD))
    except Unavailable:
        return ()


PROBE = HostProbe(
    name="host_cc",
    gives=(CC,),
    run=run,
    after=("host_machine", "host_sdk"),
    costly=True,
)
