"""Names of functions without what differs between builds of one program.

Sources: cmd/compile/internal/ir/func.go (`closureName`: func1, func1.2, gowrap1, deferwrap1,
-range1; since Go 1.22 a closure of an inlined function is named after the function it was
inlined into), cmd/compile/internal/types (instantiation in brackets), cmd/link/internal/ld/lib.go
(`.abi0`, `.abiinternal`), cmd/internal/objabi/path.go (`%2e` for dots in the last element of a
path), cmd/cgo/out.go (`_cgoexp_<hash>_name`, printed at level system only), all of Go 1.19 to
1.27; GCC's suffixes of clones (gcc/cgraphclones.cc: isra, constprop, part, cold); Rust's legacy
mangling (`::h` + 16 digits).
"""

from __future__ import annotations

import re
from functools import lru_cache

_BRACKETS = re.compile(r"\[[^\[\]]*\]")
_VERSION = re.compile(r"/v\d{1,4}(?=[./])|\.v\d{1,4}(?=[./])|@v[^/]{1,80}")
#: A part of a name that only numbers a closure, a wrapper or an initialiser.
_NUMBERED = re.compile(r"(?:func|gowrap|deferwrap|dwrap|wrap|range)?\d{1,6}\Z")
_RANGE = re.compile(r"-(?:range\d{1,6}|fm)\Z")
_CLONE = re.compile(
    r"(?:\.(?:isra|constprop|part|cold|lto_priv|llvm|localalias|clone)(?:\.\d{1,20})?|\.\d{1,6})+\Z"
)
_LIBRARY = re.compile(r"@@?[A-Z]{2,10}_[\w.]{1,40}\Z|@plt\Z")
_RUST_HASH = re.compile(r"::h[0-9a-f]{16}\Z")
#: How deep brackets may stand in each other; a name with more is cut at the first.
_DEEPEST = 12
#: Names longer than this are cut: no compiler's are of use beyond.
_LONGEST = 400
#: C functions by which a program ends itself, and those that stand below every thread.
_MACHINERY = frozenset((
    "abort", "raise", "gsignal", "__GI_raise", "__GI_abort", "__pthread_kill_implementation",
    "pthread_kill", "__pthread_kill_internal", "__GI___pthread_kill", "__pthread_kill", "tgkill",
    "kill", "__assert_fail_base", "__libc_message", "__libc_start_main", "__libc_start_call_main",
    "__libc_start_main_impl", "_start", "start", "clone", "clone3", "start_thread",
    "thread_start", "_pthread_start", "__restore_rt", "_sigtramp", "start_wqthread", "crosscall1",
    "crosscall2", "crosscall_amd64", "crosscall_arm64", "threadentry", "asmcgocall",
))  # fmt: skip


@lru_cache(maxsize=1 << 17)
def go_name(name: str) -> str:
    """The function as its source has it, `main.(*T).run.func` for any closure in it."""
    name = name[:_LONGEST]
    if "[" in name:
        name = _without_brackets(name)
    name = _RANGE.sub("", name).removesuffix(".abi0").removesuffix(".abiinternal")
    slash = name.rfind("/")
    if name.startswith("internal/sync."):  # sync's own until Go 1.24
        name, slash = name[9:], -1
    if slash >= 0 or "@" in name or ".v" in name or "%" in name:
        name = _without_version(name)
        slash = name.rfind("/")
    dot = name.find(".", slash + 1)
    if dot < 0 or not any(c.isdigit() for c in name[dot:]):
        return name
    return name[: dot + 1] + _without_numbers(name[dot + 1 :])


def _without_brackets(name: str) -> str:
    """`List[]` of `List[go.shape.map[string]int]`: generic code is used by many."""
    for _ in range(_DEEPEST):
        shorter = _BRACKETS.sub("\0", name)
        if shorter == name:
            break
        name = shorter
    return name.partition("[")[0].replace("\0", "[]")


def _without_version(name: str) -> str:
    """The package's path without a vendor folder and without a module's version."""
    vendor = name.rfind("/vendor/")
    if vendor >= 0:
        name = name[vendor + 8 :]
    elif name.startswith("vendor/"):
        name = name[7:]
    if "%2e" in name:
        name = name.replace("%2e", ".")
    return _VERSION.sub("", name)


def _without_numbers(name: str) -> str:
    parts = name.replace("·", ".").split(".")
    kept = [p for p in parts if p and not _NUMBERED.match(p)]
    closure = len(kept) < len(parts) and parts[0] != "init"
    if closure and parts[0] == "glob":
        return "glob.func"
    if closure and len(kept) > 1 and not kept[0].startswith("("):
        # `outer.inlined.func1` is `inlined.func1` where it was not inlined.
        kept = kept[-1:]
    return ".".join([*kept, "func"] if closure else kept) or name


def c_name(name: str) -> str:
    """A C, C++, Rust or Swift function without arguments, clones, versions and hashes."""
    name = name[:_LONGEST].strip()
    name = _LIBRARY.sub("", name)
    name = _RUST_HASH.sub("", name)
    if not name.startswith(("-[", "+[", "(anonymous")):
        name = name.partition("(")[0].rstrip() or name
    if "<" in name and not name.startswith("<") and "operator" not in name:
        name = name.partition("<")[0]
    if "." in name:
        name = _CLONE.sub("", name)
    return name.removeprefix("__GI_")


def is_runtime(name: str) -> bool:
    """A function of Go's own runtime; `panic` is how it prints runtime.gopanic."""
    return name == "panic" or name.startswith(_RUNTIME)


#: The runtime's packages, and functions of it that stand in others by go:linkname.
_RUNTIME = (
    "runtime.", "runtime/cgo.", "runtime/internal/", "internal/runtime/", "_cgoexp_",
    "sync.runtime_", "sync.fatal", "sync.throw", "internal/poll.runtime_", "internal/synctest.",
)  # fmt: skip


def is_machinery(name: str) -> bool:
    """A C function that every death or every thread has, whatever the cause."""
    return name in _MACHINERY
