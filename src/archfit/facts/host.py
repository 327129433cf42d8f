"""Keys of a machine and of the process that looks at it."""

from __future__ import annotations

from typing import Any

from archfit.model.fact import Key

ISA = Key(
    "host.isa",
    str,
    "ISA of the machine itself, in Go's spelling, even when this process is translated",
)
OS = Key("host.os", str, "linux, darwin ...")
KERNEL = Key("host.kernel", str, "kernel release")
OS_NAME = Key("host.os_name", str, "as `Debian GNU/Linux 12 (bookworm)` or `macOS`")
OS_VERSION = Key("host.os_version", str, "macOS product version or the distribution's VERSION_ID")
LIBC = Key("host.libc", str, "glibc, musl, bionic, libSystem")
LIBC_VERSION = Key("host.libc_version", str, "as 2.36")
GLIBCXX = Key("host.glibcxx", str, "highest GLIBCXX_ version that the host's libstdc++ offers")
LOADERS = Key("host.loaders", list, "dynamic loaders present: {path, isa, libc}")
RUNS = Key(
    "host.runs",
    list,
    "ISAs which the kernel and CPU run without a translator, the native one first",
)
TRIED = Key(
    "host.tried",
    dict,
    "what the kernel did with the smallest program of each ISA: {isa: runs, no handler or why not}",
)
PAGE_SIZE = Key("host.page_size", int, "bytes")
CPU_FEATURES = Key("host.cpu_features", list, "CPU flags as the kernel names them")
ISA_LEVEL = Key(
    "host.isa_level", str, "x86-64-v1 to v4, or armv8.0-a ... as far as the flags prove it"
)
TRANSLATORS = Key(
    "host.translators",
    list,
    "binfmt_misc entries and Rosetta: {name, isa, interpreter, flags, enabled, exists, "
    "interpreter_isa, usable}",
)
QEMU = Key("host.qemu", list, "qemu-user programs on PATH: {isa, path, version, static}")
SYSROOTS = Key(
    "host.sysroots",
    dict,
    "where a translator looks for foreign loaders and libraries: {isa: [folder]}",
)
CROSS_ROOTS = Key(
    "host.cross_roots",
    dict,
    "folders with a foreign loader that no translator looks in unless told: {isa: [folder]}",
)
TRANSLATED = Key("host.translated", bool, "this process runs under a translator")
TRANSLATOR = Key("host.translator", str, "rosetta, rosetta-linux, qemu-user ...")
ROSETTA = Key("host.rosetta", bool, "Rosetta 2 is installed")
GO = Key(
    "host.go",
    list,
    "Go toolchains: {path, isa, on_path, version, goroot, gohostarch, goarch, goos, cgo, cc}",
)
CC = Key("host.cc", list, "C compilers: {name, path, isa, target, version, default}")
BREW = Key("host.brew", list, "Homebrew prefixes: {prefix, isa, on_path}")
CONTAINER = Key("host.container", str, "docker, podman, kubernetes, lxc, systemd-nspawn, or none")
SECCOMP = Key("host.seccomp", str, "disabled, strict or filter")
SECCOMP_FILTERS = Key("host.seccomp_filters", int, "how many seccomp filters this process is under")
GOARCH_ENV = Key("host.goarch_env", str, "GOARCH of the environment; never outvotes a file header")
GOOS_ENV = Key("host.goos_env", str, "GOOS of the environment")
GOENV_FILE = Key(
    "host.goenv_file", dict, "what `go env -w` wrote: {path, settings}; Go reads it like variables"
)
DEVELOPER_DIR = Key("host.developer_dir", str, "Xcode or Command Line Tools that xcrun uses")
SDK = Key("host.sdk", str, "version of the macOS SDK that xcrun finds")
SIGNALS = Key("host.signals", list, "row by row: {signal, value, bent_by, trust, note}")
VERDICT = Key("host.verdict", str, "native, translated, mixed or cross")
VERDICT_REASON = Key("host.verdict_reason", str, "why the verdict is what it is")
VERDICT_ADVICE = Key("host.verdict_advice", str, "what to do about it")
LIBRARIES = Key(
    "host.libraries",
    dict,
    "what the loaders find by name alone: {name: [{path, isa, by}]}; by is cache or default",
)
LIBRARY_SEARCH = Key(
    "host.library_search",
    dict,
    "what is built into each loader: {loader: {folders, cache, lib}}; lib stands for $LIB",
)
PROCESS_ISA = Key("process.isa", str, "ISA of this process's own image")
ANCESTORS = Key(
    "process.ancestors", list, "shell and further ancestors: {pid, name, path, isa, translated}"
)

ALL: tuple[Key[Any], ...] = tuple(v for v in list(globals().values()) if isinstance(v, Key))
