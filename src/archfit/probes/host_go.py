"""Go toolchains: those on PATH in their order, then those in the usual places.

What ISA a `go` command is of, its file's header says. `go env GOARCH` says for which ISA
it would build now, which the environment and `go env -w` change; GOHOSTARCH is compiled
in (cmd/go/internal/cfg: runtime.GOARCH).

Sources: go help environment; https://go.dev/doc/manage-install (~/sdk); Debian's
/usr/lib/go-1.N.
"""

from __future__ import annotations

import json

from archfit.facts.host import GO, ISA, OS, PROCESS_ISA
from archfit.formats.slice_isa import HEAD, isas_in
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe

_PLACES = ("/usr/local/go/bin/go", "/opt/homebrew/bin/go", "/usr/local/bin/go", "/snap/bin/go")
_NAMES = ("GOHOSTARCH", "GOARCH", "GOOS", "GOROOT", "GOVERSION", "CC", "CGO_ENABLED")
_MAX = 8


def run(door: Door, facts: dict[str, Fact]) -> None:
    """An empty list is an answer too."""
    on_path = door.which("go")
    found: list[dict[str, object]] = []
    seen: set[str] = set()
    for path in [*on_path, *_elsewhere(door)]:
        real = door.realpath(path)
        if real in seen or len(found) == _MAX:
            continue
        seen.add(real)
        found.append(_toolchain(door, facts, path, path in on_path))
    facts[GO.name] = Fact(found, Trust.HEADER, "header of each go file; go env -json")


def _elsewhere(door: Door) -> list[str]:
    places = list(_PLACES)
    places += [f"/usr/lib/{n}/bin/go" for n in door.listdir("/usr/lib") if n.startswith("go-1.")]
    sdk = f"{door.env.get('HOME', '')}/sdk"
    places += [f"{sdk}/{name}/bin/go" for name in door.listdir(sdk) if name.startswith("go1")]
    return [path for path in places if door.exists(path)]


def _toolchain(door: Door, facts: dict[str, Fact], path: str, on_path: bool) -> dict[str, object]:
    row: dict[str, object] = {"path": path, "isa": None, "on_path": on_path}
    isas = _isas(door, path)
    try:
        env = _env(door, path)
    except Unavailable as error:
        row["error"] = error.why
        env = {}
    root = env.get("GOROOT", "")
    if not isas and root:
        # A shim (goenv, asdf): the program behind it is what runs.
        isas = _isas(door, f"{root}/bin/go")
    row["isa"] = _running(isas, facts)
    if len(isas) > 1:
        row["isas"] = list(isas)
    said = {
        "version": env.get("GOVERSION"),
        "goroot": root,
        "gohostarch": env.get("GOHOSTARCH"),
        "goarch": env.get("GOARCH"),
        "goos": env.get("GOOS"),
        "cgo": env.get("CGO_ENABLED"),
        "cc": env.get("CC"),
    }
    return row | {name: value for name, value in said.items() if value}


def _env(door: Door, path: str) -> dict[str, str]:
    # GOTOOLCHAIN=local: this very toolchain is asked about, none is fetched.
    answer = door.run(["env", "GOTOOLCHAIN=local", path, "env", "-json", *_NAMES], 10.0)
    try:
        values = json.loads(answer.out) if answer.status == 0 else None
    except ValueError:
        values = None
    if not isinstance(values, dict):
        said = (answer.err or answer.out).strip().splitlines()
        raise Unavailable(f"{path} env failed: {said[0] if said else f'status {answer.status}'}")
    return {str(name): str(value) for name, value in values.items()}


def _isas(door: Door, path: str) -> tuple[str, ...]:
    try:
        return isas_in(door.read(path, HEAD))
    except Unavailable:
        return ()


def _running(isas: tuple[str, ...], facts: dict[str, Fact]) -> str | None:
    """The slice that runs when it is started from here: macOS prefers that of the starter."""
    if len(isas) > 1 and OS.of(facts) == "darwin":
        wish = PROCESS_ISA.of(facts), ISA.of(facts)
        return next((isa for isa in wish if isa in isas), isas[0])
    return isas[0] if isas else None


PROBE = HostProbe(name="host_go", gives=(GO,), run=run, after=("host_machine",), costly=True)
