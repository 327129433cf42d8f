"""cgo is off, and the package needs it

What is wrong
-------------
A package has its code in files that import "C", and these are left out of the build:
`build constraints exclude all Go files in ...`, `undefined: ...` for what they define,
`C source files not allowed when not using cgo`, `requires external (cgo) linking, but cgo
is not enabled`. Or a stub was compiled instead and says so when the program runs: `Binary
was compiled with 'CGO_ENABLED=0', go-sqlite3 requires cgo to work`.

Why it happens
--------------
CGO_ENABLED=0 is set, or cgo is off by default: when GOOS or GOARCH differ from the
machine's (every cross build), and since Go 1.20 when no C compiler is on PATH.

Remedy
------
CGO_ENABLED=1 with a C compiler for the target in CC; or a pure Go package in its place.

References
----------
- cmd/cgo documentation, "Using cgo with the go command"; Go 1.20 release notes, "Cgo"
- cmd/go/internal/load/pkg.go (NoGoError, externalLinkingReason); go/build (cgo constraint)
- mattn/go-sqlite3 static_mock.go

Limits
------
`build constraints exclude all Go files` has other reasons too (build.constraints): it is
this one when the text shows cgo off, a cross build, or a package known to be cgo.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.absent_tools import cross_compiler
from archfit.rules.said import said

_STUB = "the program was built without cgo, and this part of it needs cgo"
_EXCLUDED = Text(
    "build constraints exclude all Go files",
    "all files of {package} need cgo, and cgo is off",
    "cmd/go/internal/load/pkg.go (NoGoError), since Go 1.9",
    r"(?:(?P<package>[\w.~/@+-]{3,200})(?::\d{1,6}:\d{1,5})?: )?build constraints exclude all"
    r" Go files"
    r"(?: in (?P<folder>[^\s'\"]{1,300}))?",
)
_OLD = Text(
    "no buildable Go source files in",
    "all files of {folder} need cgo, and cgo is off",
    "go/build (NoGoError) before Go 1.9",
    r"no buildable Go source files in (?P<folder>[^\s'\"]{1,300})",
)
_UNDEFINED = Text(
    "undefined",
    "{symbol} is defined in a file that needs cgo, and cgo is off",
    "cmd/compile (undefined: NAME), go vet, gopls",
    r"(?P<file>[\w./\\@~:+-]{1,300}\.go):\d{1,6}(?::\d{1,5})?: undefined: (?P<symbol>[\w.]{1,120})",
)
_MEMBER = Text(
    "has no field or method",
    "{symbol} is defined in a file that needs cgo, and a cross build leaves cgo off",
    "cmd/compile, go/types (x.M undefined (type *T has no field or method M))",
    r"(?P<file>[\w./\\@~:+-]{1,300}\.go):\d{1,6}(?::\d{1,5})?: [\w.()\[\]]{1,120} undefined "
    r"\(type \*?(?P<type>[\w.]{1,120}) has no field or method (?P<symbol>\w{1,120})\)",
)
TEXTS = (
    _EXCLUDED,
    _OLD,
    _UNDEFINED,
    _MEMBER,
    Text(
        "requires cgo to work",
        _STUB,
        "mattn/go-sqlite3 static_mock.go",
        confidence=0.97,
    ),
    Text(
        "but cgo is not enabled",
        "{what} needs the C linker, and cgo is off",
        "cmd/go/internal/load/pkg.go (requires external (cgo) linking, but cgo is not enabled)",
        r"(?P<what>\S{1,60}) requires external \(cgo\) linking, but cgo is not enabled",
        0.95,
    ),
    Text(
        "source files not allowed when not using cgo",
        "the package has C sources, and cgo is off",
        "cmd/go/internal/load/pkg.go (C source files not allowed when not using cgo or SWIG)",
        confidence=0.9,
    ),
    Text(
        "source files not supported without cgo",
        "the package has C sources, and cgo is off",
        "cmd/go/internal/work/gc.go",
        confidence=0.9,
    ),
    Text(
        "cannot find runtime/cgo",
        "the link needs runtime/cgo, and cgo is off",
        "cmd/link/internal/ld/lib.go (loadinternal: cannot find runtime/cgo)",
        confidence=0.5,
    ),
    Text(
        "plugin: not implemented",
        "plugins need cgo, and the program was built without",
        "Go src/plugin/plugin_stubs.go (!cgo, or no such port)",
        confidence=0.85,
    ),
    Text(
        "import C",
        "cgo does not run here",
        "go/types, gopls, golangci-lint (could not import C)",
        r"could not import C \((?P<what>[^)\n]{1,80})\)",
        0.75,
    ),
    Text(
        "implemented on",
        "os/user needs cgo for this, and it is off",
        "Go src/os/user/lookup_stubs.go (user: Current not implemented on)",
        r"user: \w{1,20} not implemented on",
        0.7,
    ),
    Text(
        "requires cgo or",
        "os/user needs cgo for this, and it is off",
        "Go src/os/user/lookup_stubs.go (user: Current requires cgo or $USER set)",
        r"user: \w{1,20} requires cgo or \$",
        0.85,
    ),
    Text("requires cgo", _STUB, "packages' own words", confidence=0.78, unless=("enable cgo by",)),
    Text("requires CGO", _STUB, "packages' own words", confidence=0.78),
    Text(
        "without cgo", _STUB, "packages' own words", r"(?:built|compiled|build) without cgo", 0.75
    ),
    Text(
        "without CGO", _STUB, "packages' own words", r"(?:built|compiled|build) without CGO", 0.75
    ),
    Text("cgo is disabled", _STUB, "packages' own words", confidence=0.75),
    Text("CGO is disabled", _STUB, "packages' own words", confidence=0.75),
    Text("cgo disabled", _STUB, "packages' own words", confidence=0.7),
    Text(
        "cgo is not enabled", _STUB, "packages' own words", confidence=0.75, unless=("but cgo is",)
    ),
    Text("cgo not enabled", _STUB, "packages' own words", confidence=0.75),
    Text(
        "CGO_ENABLED",
        _STUB,
        "packages' own words (compiled with CGO_ENABLED=0, needs CGO_ENABLED=1)",
        r"(?:compiled|built|build) with(?:out)? [`'\"]?CGO_ENABLED=[01]|(?:requires?|needs?|set"
        r"|use) "
        r"[`'\"]?CGO_ENABLED=1",
        0.75,
        ("requires cgo to work",),
    ),
)
#: Modules whose code is cgo: what the go-sqlite3 of each field is called.
_CGO_MODULES = (
    r"mattn/go-sqlite3|go-sqlite3|gosqlite|crawshaw\.io/sqlite|mutecomm/go-sqlcipher|go-gl/|/glfw|fyne"
    r"|ebiten/v1|robotgo|gohook|/gousb|karalabe/(?:hid|usb)|sstallion/go-hid|gopacket/pcap|/pcap\b"
    r"|git2go|gorocksdb|grocksdb|levigo|gocv|gosseract|portaudio|portmidi|rtmidi|oto|malgo|/beep"
    r"|confluent-kafka-go|zmq4|goczmq|pkcs11|go-keychain|keybase/go-key|systray|webview|lorca-cgo"
    r"|godror|go-oci8|go_ibm_db|alexbrainman/odbc|go-duckdb|duckdb-go|DataDog/zstd|valyala/gozstd"
    r"|h2non/bimg|govips|imagick|go-webp|chai2010/webp|libwebp|raylib-go|go-sdl2|sdl2|veandco"
    r"|wasmer-go|wasmtime-go|v8go|gotk3|gotk4|go-qml|therecipe/qt|cld3|gozxing-cgo|goheif|libheif"
    r"|go-libsql|go-nvml|gonvml|bluetooth-cgo|go-crypto-openssl|openssl\b|spacemonkeygo|libp2p-tls-cgo"
    r"|bls-eth|supranational/blst|herumi|secp256k1|go-hdf5|tensorflow|onnxruntime|whisper\.cpp"
    r"|llama\.cpp|go-llama|tree-sitter|pg_query_go|fsevents|launch$|notify|go-libudev|cgofuse|seccomp"
    r"|go-systemd/sdjournal|sdjournal|devicemapper|graphdriver|btrfs|libdm|gpgme|go-tpm-tools|lmdb"
    r"|uber/h3-go|erikdubbelboer/gspt|runtime/cgo|clipboard|hotkey|screenshot|termbox-cgo|goracle|gopsutil-cgo|iconv|icu4go|sciter"
)
#: Packages of such modules, as code that uses them calls them.
_CGO_NAMES = (
    r"(?:pcap|sqlite3|gocv|glfw|sdl|zmq4|vips|bimg|hid|gousb|robotgo|portaudio|imagick|gozstd"
    r"|git2go|grocksdb|gorocksdb|duckdb|oci8|godror|rtmidi|pkcs11|gosseract|malgo)\.[A-Z]"
)
#: What a package that is only for another system or only internal is called.
_NOT_CGO = (
    r"golang\.org/x/(?:sys|net|crypto|term)|syscall/js|/internal/|/windows\b|/linux\b|/darwin\b"
    r"|_linux\b|_windows\b|/wmi|/winio|/ole|/inotify|/kqueue|/epoll|/ebpf|/netlink|/unix\b|/js\b|/wasm"
)
_FAILURE = (
    r"(?i)error|fatal|panic|fail|cannot|can't|unable|stub|unsupported|not supported|exit status"
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The surest message; those with other reasons are weighed by what else the text shows."""
    best, sure = None, 0.0
    for hit in hits:
        value = _sure(hit, log)
        if value > sure:
            best, sure = hit, value
    if best is not None:
        proofs = [hit for hit in hits if _sure(hit, log) > 0]
        message = _message(best)
        yield said(best, proofs, message=message, remedies=_mend(best, log), confidence=sure)


def _message(hit: Hit) -> str:
    if hit.text is _EXCLUDED:
        what = hit.group("package") or hit.group("folder") or "the package"
        return f"all files of {what.rsplit('/pkg/mod/', 1)[-1]} need cgo, and cgo is off"
    return ""


def _sure(hit: Hit, log: Log) -> float:
    text = hit.text
    if text in (_EXCLUDED, _OLD):
        return _excluded(f"{hit.group('package')} {hit.group('folder')}".replace("\\", "/"), log)
    if text is _UNDEFINED:
        return _undefined(hit, log)
    if text is _MEMBER:
        return _member(hit, log)
    if text.tool.startswith("packages' own words"):
        near = re.search(_FAILURE, hit.line) or log.near(hit.number, "exit status", "panic", "rror")
        return text.confidence if near else 0.0
    if text.needle == "cannot find runtime/cgo" and log.has("pagezero_size"):
        return 0.0
    return text.confidence


def _excluded(where: str, log: Log) -> float:
    if "runtime/cgo" in where or re.search(_CGO_MODULES, where):
        return 0.92
    if re.search(_NOT_CGO, where):
        return 0.0
    off = log.build.cgo == "0"
    if off:
        return 0.88
    if log.says('import "C"', "cgo", "C compiler", "CGO") and log.build.cgo != "1":
        return 0.82
    if log.build.crosses or log.says("cross", "gox", "goreleaser", "GOOS=", "GOARCH="):
        return 0.8 if log.build.cgo != "1" else 0.3
    return 0.5


def _undefined(hit: Hit, log: Log) -> float:
    package = log.build.package(hit.number)
    where = f"{package} {hit.group('file')}".replace("\\", "/")
    if hit.group("symbol").startswith(("syscall.", "unix.", "windows.", "runtime.", "os.")):
        return 0.0
    if re.search(_CGO_MODULES, where) and not re.search(_NOT_CGO, where):
        return 0.85 if log.build.cgo != "1" else 0.4
    # Names of the own package are missing for many reasons; in a dependency, which others
    # build, a file must have been left out.
    away = re.match(r"[/\\~]|\.\.|[A-Z]:", hit.group("file")) is not None
    dependency = "pkg/mod/" in where or "/vendor/" in where or (package.count("/") > 2 and away)
    if log.build.cgo == "0" and not re.search(_NOT_CGO, where):
        if dependency:
            return 0.72
        # A whole type that its own package lacks, where the package is not the program.
        part = "/" in hit.group("file") and hit.group("symbol")[0].isupper()
        if log.says('import "C"', "cgo") or (part and "." not in hit.group("symbol")):
            return 0.6
    if hit.group("symbol").startswith("C.") or "nocgo" in where or "no_cgo" in where:
        return 0.8
    if re.match(_CGO_NAMES, hit.group("symbol")) and log.build.cgo != "1":
        return 0.75 if any(log.build.target) else 0.5
    if log.build.crosses and dependency and not re.search(_NOT_CGO, where):
        return 0.5
    if log.build.cgo != "1" and log.build.target[1] and re.search(_NATIVELY, log.text[:100_000]):
        # It builds natively, and the other target lacks many names at once.
        names = set(re.findall(r"undefined: (\w{1,80})", log.text[:100_000]))
        return 0.55 if len(names) > 3 and not re.search(_NOT_CGO, where) else 0.0
    return 0.0


#: Somebody says that the same build passes for the machine's own ISA.
_NATIVELY = (
    r"(?i)(?:works?|working|fine|builds?|compiles?|ok)\b[^\n]{0,40}\b(?:amd64|x86_64|natively"
    r"|my (?:machine|mac|pc|laptop)|without (?:GOOS|GOARCH|cross))"
)


def _member(hit: Hit, log: Log) -> float:
    """A method that the own package lacks: where only the ISA is another than the machine's, no
    file name and no system's tag can have left it out, and cgo is off by default."""
    if log.build.cgo == "1" or "pkg/mod/" in hit.group("file").replace("\\", "/"):
        return 0.0
    package, _, _ = hit.group("type").rpartition(".")
    if package in ("syscall", "unix", "windows", "os", "runtime", "C"):
        return 0.0
    if log.build.cgo == "0":
        return 0.6
    system, isa = log.build.target
    home = log.build.host[0] or log.platform.os
    lacking = {
        found[1] for found in re.finditer(r"has no field or method (\w{1,120})", log.text[:200_000])
    }
    if not (system and isa) or len(lacking) < 2:
        return 0.0
    return 0.62 if system in (home, "darwin") else 0.0


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    system, isa = log.build.target
    verify = "go version -m PROGRAM | grep CGO_ENABLED"
    home = log.build.host[0] or log.platform.os
    if log.build.crosses or (system and isa):
        install, tool = cross_compiler(system or "linux", isa, home)
        if tool:
            yield Remedy(
                f"Turn cgo on, with a C compiler for {system}/{isa}",
                f"{install} && CGO_ENABLED=1 GOOS={system} GOARCH={isa} CC={tool} go build ./...",
                verify=verify,
            )
    else:
        install = {
            "alpine": "apk add build-base",
            "fedora": "dnf install gcc",
        }.get(log.platform.distribution, "apt-get install gcc libc6-dev")
        if home == "darwin":
            install = "xcode-select --install"
        elif home == "windows":
            install = "winget install MSYS2.MSYS2"
        yield Remedy(
            "Turn cgo on, and have a C compiler",
            f"{install} && CGO_ENABLED=1 go build ./...",
            verify=verify,
        )
    if log.has("sqlite"):
        yield Remedy(
            "Or take a SQLite driver in pure Go",
            "go get modernc.org/sqlite",
            verify="CGO_ENABLED=0 go build ./...",
        )


RULE = Rule(
    "build.cgo-disabled",
    texts=TEXTS,
    weigh=weigh,
    yields_to=("build.compiler-missing", "build.go-mod"),
)
