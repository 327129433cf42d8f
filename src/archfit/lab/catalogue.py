"""What the lab can work with on this machine: Go toolchains, C compilers, emulators, debuggers.

Found, never installed: `archfit lab doctor` names the command that brings what is missing.
The one thing that is obtained is a Go release which somebody names (`go_toolchain`), by the
go command itself (go.dev/doc/toolchain), which checks it against the checksum database.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from archfit.formats.slice_isa import HEAD, isas_in
from archfit.host import experiment, lab_store
from archfit.host.live import Live
from archfit.lab.go_catalogue import fits, number, spelled, why_not
from archfit.model.errors import Malformed, Misuse, Unavailable
from archfit.platforms.go_releases import minor
from archfit.platforms.isa import normalise, of_qemu, rows


@dataclass(frozen=True, slots=True)
class GoToolchain:
    """``version`` as ``1.26.8``; ``target``: what it runs on, as ``linux/amd64``; ``source``:
    PATH, GOROOT, distribution, sdk, module cache or obtained (by archfit, in its cache)."""

    version: str
    goroot: str
    go: str
    target: str
    source: str


@dataclass(frozen=True, slots=True)
class CCompiler:
    """``argv`` is what CC has to be; ``kind``: gcc, clang or zig; ``target`` in Go's spelling;
    ``libc``: glibc, musl, libSystem, msvcrt or "" (not known)."""

    name: str
    path: str
    argv: tuple[str, ...]
    kind: str
    version: str
    triple: str
    target: str
    libc: str


@dataclass(frozen=True, slots=True)
class Emulator:
    """A qemu-user program. ``sysroot``: the folder with that ISA's libraries (-L), or ""."""

    isa: str
    path: str
    version: str
    sysroot: str

    @property
    def argv(self) -> tuple[str, ...]:
        """What stands before the program."""
        return (self.path, "-L", self.sysroot) if self.sysroot else (self.path,)


@dataclass(frozen=True, slots=True)
class Debugger:
    """gdb, gdb-multiarch, lldb, dlv or rr."""

    name: str
    path: str
    version: str


@cache
def machine() -> str:
    """This machine's target in Go's spelling, as of its kernel."""
    system, _, _, _, isa = Live().uname()
    return f"{system.lower()}/{normalise(isa) or isa}"


# -- Go ---------------------------------------------------------------------------------------


def go_toolchains(goroots: Sequence[str] = ()) -> list[GoToolchain]:
    """All that run here, those of ``goroots`` first, then PATH's, then the newest first.

    A folder is a toolchain when it has bin/go and the file VERSION; nothing is started.
    """
    found: dict[str, GoToolchain] = {}
    for goroot, source in _goroots(goroots):
        real = os.path.realpath(goroot)
        tool = _toolchain(real, source)
        if tool is not None:
            found.setdefault(real, tool)
        elif source == "GOROOT" and goroot in goroots:
            raise Misuse(f"--goroot {goroot}: no Go toolchain (bin/go, VERSION) of this machine")
    first = [tool for tool in found.values() if tool.source in ("GOROOT", "PATH")]
    rest = [tool for tool in found.values() if tool not in first]
    return first + sorted(rest, key=lambda tool: number(tool.version), reverse=True)


def go_toolchain(
    version: str,
    offline: bool = False,
    goroots: Sequence[str] = (),
    progress: Callable[[str], None] | None = None,
) -> GoToolchain:
    """The toolchain of a release: ``1.27.3`` is that one, ``1.27`` the newest of it here.

    What is in ``goroots`` comes before all others.

    One that is not here is obtained by the go command (GOTOOLCHAIN) into the lab's own module
    cache, the checksum database left on. Raises Unavailable: not here and ``offline``, no go
    command that can obtain it, or what the go command said; Misuse for what is no release.
    """
    wanted = spelled(version)
    here = [tool for tool in go_toolchains(goroots) if fits(tool.version, wanted)]
    given = [tool for tool in here if any(os.path.realpath(g) == tool.goroot for g in goroots)]
    if here:
        return max(given or here, key=lambda tool: number(tool.version))
    if offline:
        raise Unavailable(f"go{wanted} is not on this machine (--offline)")
    if wanted.count(".") < 2:
        raise Unavailable(
            f"go{wanted} is not on this machine", f"name a patch release, as {wanted}.3"
        )
    return _obtain(wanted, progress or _silent)


def _goroots(given: Sequence[str]) -> Iterator[tuple[str, str]]:
    env = os.environ
    home = os.path.expanduser("~")
    for goroot in given:
        yield goroot, "GOROOT"
    for path in Live().which("go"):
        above = os.path.dirname(os.path.dirname(os.path.realpath(path)))
        if not os.path.isfile(f"{above}/VERSION"):
            # A wrapper, as version managers put one in the go command's place.
            above = answer((path, "env", "GOROOT"))
        yield above, "PATH"
    if env.get("GOROOT"):
        yield env["GOROOT"], "GOROOT"
    for above, prefix in (("/usr/lib", "go"), ("/usr/local", "go"), ("/opt", "go")):
        yield from _below(above, prefix, "distribution")
    for cellar in ("/opt/homebrew/Cellar/go", "/usr/local/Cellar/go"):
        yield from ((f"{path}/libexec", source) for path, source in _below(cellar, "1", "sdk"))
    yield from _below(f"{home}/sdk", "go", "sdk")
    modules = env.get("GOMODCACHE") or f"{env.get('GOPATH') or f'{home}/go'}/pkg/mod"
    yield from _below(f"{modules}/golang.org", "toolchain@v", "module cache")
    yield from _below(f"{_own_modules()}/golang.org", "toolchain@v", "obtained")


def _below(above: str, prefix: str, source: str) -> list[tuple[str, str]]:
    names = sorted(Live().listdir(above), reverse=True)
    return [(f"{above}/{name}", source) for name in names if name.startswith(prefix)]


def _toolchain(goroot: str, source: str) -> GoToolchain | None:
    go = f"{goroot}/bin/go"
    try:
        text = Live().read(f"{goroot}/VERSION", 256).decode("utf-8", "replace")
        isas = isas_in(Live().read(go, HEAD))
    except (Unavailable, Malformed):
        return None
    word = (text.split() or [""])[0]
    system, own = machine().split("/")
    if minor(word) is None or own not in isas or not os.access(go, os.X_OK):
        return None
    return GoToolchain(word.removeprefix("go"), goroot, go, f"{system}/{own}", source)


def _own_modules() -> str:
    return os.path.join(lab_store.home(), "modules")


def _obtain(version: str, progress: Callable[[str], None]) -> GoToolchain:
    """Under a lock, so that two runs at once fetch it once; the second finds it there."""
    refused = why_not(version, machine())
    if refused:
        raise Unavailable(refused)
    able = [tool for tool in go_toolchains() if (minor(tool.version) or 0) >= 21]
    if not able:
        raise Unavailable(
            "no go command of 1.21 or later is here, which could obtain a release",
            "install Go from go.dev/dl",
        )
    own = _own_modules()
    with lab_store.lock(f"obtain-go{version}"):
        again = [t for t in go_toolchains() if t.version == version]
        if again:
            return again[0]
        env = {k: v for k, v in os.environ.items() if not k.startswith(("GO", "CGO_"))}
        kept = ("GOPROXY", "GOSUMDB", "GOPATH", "GOAUTH")
        env |= {k: os.environ[k] for k in kept if os.environ.get(k, "off") != "off"}
        env |= {"GOTOOLCHAIN": f"go{version}", "GOMODCACHE": own, "GOWORK": "off"}
        where = lab_store.folder(own, "cache", "download", "golang.org", "toolchain", "@v")

        def tick() -> None:
            size = sum(os.path.getsize(f"{where}/{n}") for n in os.listdir(where) if "zip" in n)
            progress(f"obtaining go{version}: {size >> 20} MiB")

        done = experiment.run(
            [able[0].go, "env", "GOROOT"],
            cwd=lab_store.home(),
            env=env,
            timeout=900,
            tick=tick,
        )
    if done.status:
        said = done.err.decode("utf-8", "replace").strip().splitlines()
        raise Unavailable(f"go{version} can't be obtained: {said[-1] if said else 'no answer'}")
    tool = _toolchain(os.path.realpath(done.out.decode().strip()), "obtained")
    if tool is None or tool.version != version:
        raise Unavailable(f"go{version}: the go command gave no toolchain of that name")
    return tool


def _silent(text: str) -> None:
    """No progress is shown."""


# -- C ----------------------------------------------------------------------------------------

#: Words of a GNU or LLVM triple -> (system in Go's spelling, libc).
_SYSTEMS = (
    ("musl", "linux", "musl"),
    ("linux-gnu", "linux", "glibc"),
    ("linux-android", "android", ""),
    ("linux", "linux", ""),
    ("apple-darwin", "darwin", "libSystem"),
    ("apple-macos", "darwin", "libSystem"),
    ("macos", "darwin", "libSystem"),
    ("mingw", "windows", "msvcrt"),
    ("windows", "windows", "msvcrt"),
    ("freebsd", "freebsd", ""),
)
#: What zig carries its own libc and headers for (ziglang.org, "zig libc"); not tried here.
_ZIG = (
    "x86_64-linux-musl",
    "aarch64-linux-musl",
    "x86_64-linux-gnu",
    "aarch64-linux-gnu",
    "arm-linux-musleabihf",
    "riscv64-linux-musl",
    "x86_64-macos",
    "aarch64-macos",
    "x86_64-windows-gnu",
)


def c_compilers() -> list[CCompiler]:
    """Those that are here, one entry a target: gcc, clang (also for the systems whose GNU
    cross libraries are here), musl-gcc, gcc for other targets, zig cc.

    gcc and clang have been asked for their version and triple; whether they link is tried
    by `archfit lab doctor`, and zig's targets are those that it carries a libc for.
    """
    found = [*_native(), *_crossed()]
    zig = _zig()
    if zig:
        version = answer((zig, "version"))
        found += [
            CCompiler(
                "zig cc", zig, (zig, "cc", "-target", triple), "zig", version, triple, *_of(triple)
            )
            for triple in _ZIG
        ]
    return [compiler for compiler in found if compiler.target]


def compiler_for(name: str, target: str, libc: str = "") -> CCompiler | None:
    """Of kind or name ``name`` for ``target``, with that libc where one is named."""
    rows = [c for c in c_compilers() if c.target == target and name in (c.kind, c.name)]
    rows = (
        [c for c in rows if c.libc == libc] if libc else [c for c in rows if c.name != "musl-gcc"]
    )
    return rows[0] if rows else None


def _native() -> Iterator[CCompiler]:
    for name in ("gcc", "clang", "musl-gcc"):
        for path in Live().which(name)[:1]:
            triple = answer((path, "-dumpmachine"))
            said = answer((path, "--version"))
            kind = "clang" if "clang" in said else "gcc"
            if name == "musl-gcc":
                triple = triple.replace("-gnu", "-musl")
            yield CCompiler(name, path, (path,), kind, said, triple, *_of(triple))


def _crossed() -> Iterator[CCompiler]:
    clang = Live().which("clang")[:1]
    for row in rows().values():
        for triple in (f"{cpu}-{system}" for cpu in row["gnu"] for system in _CROSS):
            for path in Live().which(f"{triple}-gcc")[:1]:
                own = _of(triple)
                if own[0] == machine():
                    continue
                said = answer((path, "--version"))
                yield CCompiler(f"{triple}-gcc", path, (path,), "gcc", said, triple, *own)
                if clang and "linux" in triple and os.path.isdir(f"/usr/{triple}/include"):
                    argv = (clang[0], f"--target={triple}")
                    said = answer((clang[0], "--version"))
                    yield CCompiler("clang", clang[0], argv, "clang", said, triple, *own)


_CROSS = ("linux-gnu", "linux-gnueabihf", "linux-musl", "w64-mingw32")


def _of(triple: str) -> tuple[str, str]:
    """(target, libc) of a triple; the target is "" when it names no ISA or system of Go's."""
    isa = normalise(triple.partition("-")[0])
    for word, system, libc in _SYSTEMS:
        if isa and word in triple:
            return f"{system}/{isa}", libc
    return "", ""


def _zig() -> str:
    """On PATH, as the Python package `ziglang`, or in archfit's cache."""
    on_path = Live().which("zig")
    if on_path:
        return on_path[0]
    cached = os.path.join(os.path.dirname(lab_store.home()), "zig")
    for above in [*sys.path, cached]:
        path = os.path.join(above, "ziglang", "zig")
        if above and os.access(path, os.X_OK):
            return path
    return ""


# -- the rest ---------------------------------------------------------------------------------


def emulators(only: str = "") -> list[Emulator]:
    """qemu-user programs on PATH, of ISAs that archfit knows (or of one), by ISA."""
    found: dict[str, Emulator] = {}
    for row in rows().values():
        if only and row["name"] != only:
            continue
        for suffix in row["qemu"]:
            for name in (f"qemu-{suffix}", f"qemu-{suffix}-static"):
                for path in Live().which(name)[:1]:
                    isa = of_qemu(name) or ""
                    words = answer((path, "--version")).split()
                    version = words[2] if len(words) > 2 else ""
                    roots = (f"/usr/{cpu}-{s}" for cpu in row["gnu"] for s in _CROSS[:3])
                    root = next((r for r in roots if os.path.isdir(f"{r}/lib")), "")
                    found.setdefault(isa, Emulator(isa, path, version, root))
    return sorted(found.values(), key=lambda emulator: emulator.isa)


def emulator_for(target: str) -> Emulator | None:
    """The emulator that runs programs of another ISA of this system; None for our own."""
    system, _, isa = target.partition("/")
    if system != machine().split("/")[0]:
        return None
    return next((e for e in emulators(isa) if e.isa == isa), None)


def debuggers() -> list[Debugger]:
    """Those on PATH, with the first line of what they say of their version."""
    return [
        Debugger(name, path, answer((path, "version" if name == "dlv" else "--version")))
        for name in ("gdb", "gdb-multiarch", "lldb", "dlv", "rr")
        for path in Live().which(name)[:1]
    ]


@cache
def answer(argv: tuple[str, ...]) -> str:
    """The line of a program's answer that tells its version, else the first; "" for none."""
    try:
        done = experiment.run(
            argv,
            cwd="/",
            env={**os.environ, "LC_ALL": "C", "GOTOOLCHAIN": "local"},
            timeout=20,
            merge=True,
        )
    except Unavailable:
        return ""
    lines = done.out.decode("utf-8", "replace").strip().splitlines()
    # delve puts its name above its version; lldb may print a traceback of its Python first.
    odd = bool(lines) and lines[0].startswith(("Traceback", "Delve"))
    named = [line for line in lines if odd and "version" in line.lower()]
    return (named or lines or [""])[0].strip()
