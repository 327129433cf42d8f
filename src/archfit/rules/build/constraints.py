"""A build tag or a file's name leaves the files out for this target, and it is not cgo's

What is wrong
-------------
`build constraints exclude all Go files in ...` for a package that is for another system, or
whose files all ask for a tag; `undefined: ...` for a name that only a file of another system
defines (`watch_linux.go`), or that the standard package syscall has on other systems only;
`missing function body` where the assembly is for another processor.

Why it happens
--------------
Files called *_windows.go, *_arm64.go or *_js.go, and files with a //go:build line, are compiled
for what they name alone. A package that is imported everywhere lacks a file for this target, or
a program for one system is built for another.

Remedy
------
Build for the target that the package is for, give the tag, or add a file for this target.

References
----------
- `go help buildconstraint`; go/build/constraint; go/build/syslist.go (known suffixes)
- cmd/go/internal/load/pkg.go (NoGoError)

Limits
------
Where the constraint is `cgo`, or the package imports "C", it is build.cgo-disabled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.platforms import go_releases as go
from archfit.rules.said import said

_EXCLUDED = Text(
    "build constraints exclude all Go files",
    "no file of {package} is for this target",
    "cmd/go/internal/load/pkg.go (NoGoError), since Go 1.9",
    r"(?:(?P<package>[\w.~/@+-]{2,200})(?::\d{1,6}:\d{1,5})?: )?build constraints exclude all"
    r" Go files(?: in (?P<folder>[^\s'\"]{1,300}))?",
)
_OLD = Text(
    "no buildable Go source files in",
    "no file in {folder} is for this target",
    "go/build (NoGoError) before Go 1.9",
    r"no buildable Go source files in (?P<folder>[^\s'\"]{1,300})",
)
_UNDEFINED = Text(
    "undefined",
    "{symbol} is defined for other targets only",
    "cmd/compile, go vet, gopls (undefined: NAME)",
    r"(?P<file>[\w./\\@~:+-]{1,300}\.go):\d{1,6}(?::\d{1,5})?: undefined: "
    r"(?P<symbol>[\w.]{1,120})",
)
_FIELD = Text(
    "unknown field",
    "syscall.SysProcAttr has no such field on this system",
    "cmd/compile (unknown field in struct literal)",
    r"unknown field '?(?P<symbol>\w{1,40})'? in struct literal(?: of type syscall\.\w{1,30})?",
)
_BODY = Text(
    "missing function body",
    "the assembly that has the function is for another processor",
    "cmd/compile (missing function body)",
    confidence=0.8,
)
_MEMBER = Text(
    "has no field or method",
    "{type} has no {symbol} on this system",
    "cmd/compile, go/types (x.F undefined (type *syscall.Stat_t has no field or method F))",
    r"undefined \(type \*?(?P<type>(?:syscall|unix)\.\w{1,60}) has no field or method"
    r" (?P<symbol>\w{1,60})",
    0.86,
)
_BODY = Text(
    "missing function body",
    "the assembly that has the function is for another processor",
    "cmd/compile (missing function body)",
    confidence=0.8,
)
_MAIN = Text(
    "main is undeclared in the main package",
    "the file that has func main is left out for this target",
    "cmd/link (function main is undeclared in the main package)",
    confidence=0.78,
)
TEXTS = (
    _MAIN,
    _EXCLUDED,
    _OLD,
    _UNDEFINED,
    _FIELD,
    _BODY,
    _MEMBER,
    Text(
        "build lines do not match",
        "a //go:build line and the // +build lines of a file differ",
        "cmd/vet buildtag (+build lines do not match //go:build condition)",
        confidence=0.85,
    ),
    Text(
        "go:build",
        "a //go:build line can't be read, or stands twice",
        "go/build, go/build/constraint (parsing //go:build line; multiple //go:build comments)",
        r"parsing //go:build line: |multiple //go:build comments|misplaced //go:build",
        0.88,
    ),
    Text(
        "found an item that was configured out",
        "a Rust item is left out for this target by its cfg",
        "rustc_resolve (note: found an item that was configured out)",
        confidence=0.75,
    ),
    Text(
        "syscall.Handle",
        "a file descriptor is a syscall.Handle on Windows: the code was written for Unix",
        "cmd/compile (cannot use int(fd) (type int) as type syscall.Handle)",
        r"cannot use [^\n]{1,120} as (?:type )?syscall\.Handle",
        0.8,
    ),
    Text(
        "named files must not be",
        "the file that is named is left out for this target",
        "go/build",
        confidence=0.5,
    ),
    Text(
        "is not supported on",
        "the package refuses this target",
        "packages' own words: an undefined name that says so",
        r"undefined: (?P<symbol>\w{0,60}(?:not_supported|NotSupported|Unsupported)\w{0,60})",
        0.85,
    ),
)
#: Names of the standard library that depend on the system.
_OF_SYSTEM = (
    r"^(?:syscall|unix|windows|js|wasm)\.\w|^(?:registry|svc|winio|wmi|netlink|inotify|kqueue)\.\w"
)
_TARGET_WORD = (
    r"(?:^|[/\\_.@-])(windows|linux|darwin|freebsd|netbsd|openbsd|solaris|plan9|js|wasm|wasip1|ios|"
    r"android|amd64|arm64|arm|386|riscv64|s390x|ppc64le|unix)(?:$|[/\\_.@-])"
)
#: Paths of packages that are for one system though no part of the path is its name.
_ONE_SYSTEM = (
    r"syscall/js|winio|go-ole|/wmi|/winc|walk\b|inotify|kqueue|epoll|/ebpf|netlink|/nl\b|cgroups?"
    r"|containerd/|runc/|opencontainers|devicemapper|/btrfs|overlay|systemd|dbus|/evdev|/udev|"
    r"volcano|pkg/ns\b|netns|iptables|nftables|/oci/|kubelet|hcsshim|/eventlog|/svc\b|registry$"
)
#: Signs that cgo is the constraint: then it is the other rule's.
_CGO = (
    'import "C"',
    "CGO_ENABLED=0",
    "cgo is disabled",
    "cgo disabled",
    "requires cgo",
    "CGO_ENABLED='0'",
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The surest message that counts."""
    best, sure = None, 0.0
    for hit in hits:
        value = _sure(hit, log)
        if value > sure:
            best, sure = hit, value
    if best is not None:
        proofs = [hit for hit in hits if _sure(hit, log) > 0]
        yield said(best, proofs, message=_message(best), remedies=_mend(best, log), confidence=sure)


def _sure(hit: Hit, log: Log) -> float:
    if hit.text in (_EXCLUDED, _OLD):
        return _excluded(hit, log)
    if hit.text is _UNDEFINED:
        return _undefined(hit, log)
    if hit.text is _FIELD:
        own = "SysProcAttr" in hit.line or re.search(_FIELDS, hit.group("symbol"))
        return 0.82 if own else 0.0
    if hit.text is _BODY:
        # Without a target in sight the assembly may just be missing.
        other = log.build.target[1] or re.search(r"_(?:amd64|arm64|386|arm|s390x)\.s\b", log.text)
        return hit.text.confidence if other or _suffixed(log, hit) else 0.62
    if hit.text is _MAIN:
        return hit.text.confidence if log.has("go:build", "+build") or _suffixed(log, hit) else 0.0
    return hit.text.confidence


#: Fields of syscall.SysProcAttr and of syscall.Stat_t that only some systems have.
_FIELDS = (
    r"^(?:Setpgid|Pdeathsig|Credential|Setsid|Cloneflags|HideWindow|CreationFlags|Setctty|"
    r"Foreground|Pgid|Ctty|Noctty|CmdLine|UidMappings|Chroot)$"
)


def _where(hit: Hit) -> str:
    return f"{hit.group('package')} {hit.group('folder')}".replace("\\", "/")


def _excluded(hit: Hit, log: Log) -> float:
    where = _where(hit)
    path = where.rsplit("/pkg/mod/", 1)[-1]
    if "runtime/cgo" in where:
        return 0.0
    for_system = re.search(_TARGET_WORD, path) or re.search(_ONE_SYSTEM, path)
    if for_system:
        return 0.9
    if log.has("go:build", "+build", "-tags", "build tag", "buildtag"):
        return 0.84
    if _suffixed(log, hit):
        return 0.86
    if log.says(*_CGO) or log.build.cgo == "0":
        return 0.4
    return 0.68


def _undefined(hit: Hit, log: Log) -> float:
    symbol = hit.group("symbol")
    if "src/runtime" in hit.group("file").replace("\\", "/"):
        return 0.0
    if re.search(_OF_SYSTEM, symbol):
        return 0.82
    if _suffixed(log, hit):
        return 0.8
    if symbol.startswith(("_cgo_", "x_cgo_")):
        # The runtime has them for some systems only, and so have files that stand in for it.
        return 0.72 if all(log.build.target) else 0.0
    if log.has("go:build", "+build"):
        return 0.78
    if "." not in symbol and all(log.build.target):
        # Of a dependency that others build: it is this target that lacks a file.
        dependency = re.search(r"pkg[/\\]mod[/\\]|vendor[/\\]", hit.group("file"))
        return 0.72 if dependency and log.build.cgo != "0" else 0.0
    return 0.0


def _suffixed(log: Log, hit: Hit) -> bool:
    """A file whose name says its target is spoken of, and it is not where the error is."""
    for line in log.lines.values():
        if ".go" in line and line is not hit.line and "undefined" not in line:
            for name in re.finditer(r"\b[\w-]{1,60}_([a-z0-9]{2,9})\.go\b", line[:2000]):
                if go.known_os(name[1]) or go.known_isa(name[1]):
                    return True
    return False


def _message(hit: Hit) -> str:
    if hit.text is _EXCLUDED:
        what = hit.group("folder") or hit.group("package") or "the package"
        return f"no file of {what.rsplit('/pkg/mod/', 1)[-1]} is for this target"
    return ""


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    folder = hit.group("folder") or "."
    see = f"go list -f '{{{{.IgnoredGoFiles}}}}' {folder}"
    if hit.text in (_EXCLUDED, _OLD):
        word = re.search(_TARGET_WORD, _where(hit).rsplit("/pkg/mod/", 1)[-1])
        if word and go.known_os(word[1]):
            yield Remedy(
                f"It is for {word[1]}: build for that",
                f"GOOS={word[1]}{' GOARCH=wasm' if word[1] == 'js' else ''} go build ./...",
                verify=see,
            )
        else:
            yield Remedy("See which files are left out, and what they ask for", see)
        yield Remedy(
            "Or import it only from files with the same constraint",
            verify="go vet ./...",
        )
    elif hit.text is _BODY:
        yield Remedy(
            "Add the function in Go, in a file for the other processors (//go:build !amd64)",
            verify="go vet ./...",
        )
    else:
        system = "/".join(part for part in log.build.target if part) or "this target"
        yield Remedy(
            f"Add a file for {system} that defines it, or move its use into a file for the system "
            "that has it",
            see,
            verify="go vet ./...",
        )


RULE = Rule(
    "build.constraints",
    texts=TEXTS,
    weigh=weigh,
    yields_to=("build.go-too-new", "build.go-mixed"),
)
