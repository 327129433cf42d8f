"""What the user's environment says of Go's target: declared, and never more than that.

Sources: go help environment (GOARCH, GOOS; GOENV names the file that `go env -w` writes,
by default os.UserConfigDir()/go/env: $XDG_CONFIG_HOME or ~/.config, on macOS
~/Library/Application Support); a variable of the environment comes before the file.
"""

from __future__ import annotations

from archfit.facts.host import GOARCH_ENV, GOENV_FILE, GOOS_ENV, OS
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe

#: Settings that decide for what and by what Go builds; others (GOPROXY, GOAUTH) may hold secrets.
_KEPT = """
    AR CC CXX FC GOOS GOARCH GO386 GOAMD64 GOARM GOARM64 GOEXPERIMENT GOFLAGS GOMIPS GOMIPS64
    GOPPC64 GORISCV64 GOROOT GOTOOLCHAIN GOWASM CGO_ENABLED CGO_CFLAGS CGO_CPPFLAGS
    CGO_CXXFLAGS CGO_LDFLAGS PKG_CONFIG
"""


def run(door: Door, facts: dict[str, Fact]) -> None:
    """Adds what is set; nothing set is no failure."""
    for key, name in ((GOARCH_ENV, "GOARCH"), (GOOS_ENV, "GOOS")):
        value = door.env.get(name, "")
        if value:
            facts[key.name] = Fact(value, Trust.DECLARED, f"the variable {name}")
    path = _goenv(door, OS.of(facts) or "")
    try:
        text = door.read(path, 1 << 16).decode("utf-8", "replace") if path else ""
    except Unavailable:
        return
    settings = dict(line.split("=", 1) for line in text.splitlines() if "=" in line[1:])
    kept_names = _KEPT.split()
    kept = {name: value for name, value in settings.items() if name in kept_names}
    if kept:
        facts[GOENV_FILE.name] = Fact(
            {"path": path, "settings": kept}, Trust.DECLARED, f"{path}, as Go reads it"
        )


def _goenv(door: Door, os: str) -> str:
    given = door.env.get("GOENV", "")
    if given:
        return "" if given == "off" else given
    home = door.env.get("HOME", "")
    if os == "darwin":
        return f"{home}/Library/Application Support/go/env" if home else ""
    config = door.env.get("XDG_CONFIG_HOME", "") or (f"{home}/.config" if home else "")
    return f"{config}/go/env" if config else ""


PROBE = HostProbe(
    name="host_environment",
    gives=(GOARCH_ENV, GOOS_ENV, GOENV_FILE),
    run=run,
    after=("host_machine",),
)
