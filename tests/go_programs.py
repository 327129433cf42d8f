"""Real Go programs for the tests, built once by the real toolchains.

A Go program has a megabyte and more, so none is committed: each is built on first use under
``~/.cache/archfit/fixtures/go`` (``ARCHFIT_CACHE`` names another cache) and named by the
release, the target and how it was linked.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import subprocess
from functools import cache
from pathlib import Path

import pytest

from archfit.engine.registry import file_probes
from archfit.formats.magic import HEAD, recognise
from archfit.model.errors import ArchfitError
from archfit.model.fact import Fact
from archfit.model.image import Image
from archfit.model.scene import Scene
from toolbox import need_tool

#: Sources, by package: no C, C through cgo, C only where the net package asks for it, a library.
SOURCES = {
    "pure": 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("hello") }\n',
    "cgo": "package main\n\n// static int three(void) { return 3; }\n"
    'import "C"\n\nfunc main() { println(C.three()) }\n',
    "net": 'package main\n\nimport "net"\n\n'
    'func main() { a, err := net.LookupHost("localhost"); println(len(a), err == nil) }\n',
    "library": 'package main\n\nimport "C"\n\n//export Three\nfunc Three() C.int { return 3 }\n\n'
    "func main() {}\n",
}

_STRIP = ("-ldflags", "-s -w")
_OUTSIDE = ("-ldflags", "-linkmode external")
_STATIC = ("-ldflags", "-linkmode external -extldflags -static")
_STATIC_PIE = ("-buildmode=pie", "-ldflags", "-linkmode external -extldflags -static-pie")

#: How it is built -> (package, CGO_ENABLED, arguments).
WAYS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "pure": ("pure", "0", ()),
    "pure-stripped": ("pure", "0", ("-trimpath", *_STRIP)),
    "pure-pie": ("pure", "0", ("-buildmode=pie",)),
    "allowed": ("pure", "1", ()),
    "allowed-outside": ("pure", "1", _OUTSIDE),
    "net": ("net", "1", ()),
    "net-stripped": ("net", "1", _STRIP),
    "net-pie": ("net", "1", ("-buildmode=pie",)),
    "net-off": ("net", "0", ()),
    "cgo": ("cgo", "1", ()),
    "cgo-stripped": ("cgo", "1", ("-trimpath", *_STRIP)),
    "cgo-pie": ("cgo", "1", ("-buildmode=pie",)),
    "cgo-static": ("cgo", "1", _STATIC),
    "cgo-static-pie": ("cgo", "1", _STATIC_PIE),
    "library": ("library", "1", ("-buildmode=c-shared",)),
    "library-stripped": ("library", "1", ("-buildmode=c-shared", *_STRIP)),
    "plugin": ("pure", "1", ("-buildmode=plugin",)),
}

#: The probes that tell what the bytes themselves say.
_PROBES = ("elf", "macho", "pe", "xcoff", "wasm", "go")


def cache_home() -> Path:
    """The folder that all tests and tools of the project keep fetched and built files in."""
    named = os.environ.get("ARCHFIT_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "archfit"


@cache
def go_tool(release: str = "") -> tuple[str, dict[str, str]]:
    """(the `go` of that release, the environment that makes it answer as such).

    ``release``: "" for the one on PATH, else 1.19 (Debian's) or 1.27.3 (fetched by `go`
    itself). The test is skipped, or fails with CI=true, when it can't be had.
    """
    env = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    if release == "1.19":
        return need_tool("/usr/lib/go-1.19/bin/go"), env
    go = need_tool("go")
    if release:
        env["GOTOOLCHAIN"] = f"go{release}"
        asked = subprocess.run([go, "version"], env=env, capture_output=True, check=False)
        if asked.returncode:
            missing = f"needs go{release}, which `go` could not fetch"
            if os.environ.get("CI") == "true":
                pytest.fail(missing)
            pytest.skip(missing)
    return go, env


@cache
def build(way: str, release: str = "", target: str = "") -> Path:
    """A program built in one of the `WAYS`, for this machine or ``target`` (as linux/arm64)."""
    package, cgo, arguments = WAYS[way]
    go, env = go_tool(release)
    env = {**env, "CGO_ENABLED": cgo}
    if target:
        env["GOOS"], env["GOARCH"] = target.split("/")
        if cgo == "1" and target == "linux/arm64":
            env["CC"] = need_tool("aarch64-linux-gnu-gcc")
    version = subprocess.run(
        [go, "env", "GOVERSION"], env=env, capture_output=True, text=True, check=True
    ).stdout.strip()
    home = cache_home() / "fixtures" / "go"
    home.mkdir(parents=True, exist_ok=True)
    out = home / f"{version}-{target.replace('/', '-') or 'here'}-{way}"
    if out.exists():
        return out
    with (home / "lock").open("w") as lock:  # tests run in several processes
        fcntl.flock(lock, fcntl.LOCK_EX)
        _write_sources(home / "src")
        part = out.with_name(out.name + ".part")
        done = subprocess.run(
            [go, "build", "-o", str(part), *arguments, f"./{package}"],
            cwd=home / "src",
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{out.name}: {done.stderr}"
        part.with_suffix(".h").unlink(missing_ok=True)
        part.rename(out)
    return out


def _write_sources(folder: Path) -> None:
    for package, text in SOURCES.items():
        (folder / package).mkdir(parents=True, exist_ok=True)
        (folder / package / "main.go").write_text(text)
    (folder / "go.mod").write_text("module example.com/probe\n\ngo 1.19\n")


def read(data: bytes | mmap.mmap, path: str = "file") -> tuple[dict[str, Fact], list[ArchfitError]]:
    """All facts of the file probes over these bytes, and what they raised on purpose."""
    form = recognise(data[:HEAD])
    facts: dict[str, Fact] = {}
    errors = []
    scene = Scene(None, {}, None)
    for probe in file_probes().get(form, ()):
        if probe.name not in _PROBES:
            continue  # it asks the machine, which these tests don't
        try:
            probe.run(Image(path, form, data), facts, scene)
        except ArchfitError as error:
            errors.append(error)
    return facts, errors


def read_path(path: Path) -> tuple[dict[str, Fact], list[ArchfitError]]:
    """The same of a file that is there."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
        return read(data, str(path))


def universal(*slices: bytes) -> bytes:
    """A universal Mach-O of thin ones (<mach-o/fat.h>), each at a page of 16 KiB."""
    head = bytearray(b"\xca\xfe\xba\xbe" + len(slices).to_bytes(4, "big"))
    body = bytearray()
    for part in slices:
        offset = 0x4000 + len(body)
        cpu, subtype = (int.from_bytes(part[at : at + 4], "little") for at in (4, 8))
        for number in (cpu, subtype, offset, len(part), 14):
            head += number.to_bytes(4, "big")
        body += part + bytes(-len(part) % 0x4000)
    return bytes(head.ljust(0x4000, b"\0") + body)
