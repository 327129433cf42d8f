"""Which platform a text speaks of: signs that tools leave, and what the user adds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

#: Signs of an operating system. Each is counted once; a path of the machine that runs the
#: tool weighs more than the name of a target that is only mentioned.
_OS_SIGNS: tuple[tuple[str, str, int], ...] = (
    ("darwin", "/Users/", 2),
    ("darwin", "/opt/homebrew/", 3),
    ("darwin", "/Library/Developer/", 3),
    ("darwin", "/Applications/Xcode", 3),
    ("darwin", "dyld[", 4),
    ("darwin", "dyld: ", 3),
    ("darwin", "Bad CPU type in executable", 4),
    ("darwin", "xcrun: error", 4),
    ("darwin", "for architecture arm64", 3),
    ("darwin", "for architecture x86_64", 3),
    ("darwin", "mach-o", 2),
    ("darwin", "library not found for -l", 3),
    ("darwin", "ld: framework ", 3),
    ("darwin", "ld: warning: ignoring file", 3),
    ("darwin", "ld: symbol(s) not found", 3),
    ("darwin", "Killed: 9", 2),
    ("linux", "ld-linux", 3),
    ("linux", "/lib/x86_64-linux-gnu/", 3),
    ("linux", "/lib/aarch64-linux-gnu/", 3),
    ("linux", "cannot open shared object file", 3),
    ("linux", "GLIBC_", 3),
    ("linux", "ld-musl", 3),
    ("linux", "/usr/bin/ld: ", 3),
    ("linux", "collect2: error", 2),
    ("linux", "qemu-", 2),
    ("linux", "apt-get ", 1),
    ("linux", "exec /", 1),
    ("linux", "containerd", 2),
    ("linux", "kubelet", 2),
    ("windows", "C:\\", 2),
    ("windows", "Exception 0xc0000005", 4),
    ("windows", ".exe:", 1),
)

_ISA_WORDS = {
    "arm64": "arm64",
    "aarch64": "arm64",
    "arm64e": "arm64",
    "x86_64": "amd64",
    "x86-64": "amd64",
    "amd64": "amd64",
    "armv7l": "arm",
    "armhf": "arm",
    "riscv64": "riscv64",
    "s390x": "s390x",
    "ppc64le": "ppc64le",
    "i386": "386",
    "i686": "386",
}
_WORD = re.compile("|".join(sorted(_ISA_WORDS, key=len, reverse=True)))
_DISTRIBUTIONS = {
    "alpine": ("apk add", "Alpine", "ld-musl"),
    "debian": ("apt-get", "apt install", "Debian", "Ubuntu", "dpkg"),
    "fedora": ("dnf ", "yum ", "CentOS", "Red Hat", "Fedora"),
    "arch": ("pacman", "archlinux", "Arch Linux"),
}


@dataclass(frozen=True, slots=True)
class Platform:
    """``os`` in Go's spelling or ""; ``isas`` in the order of how often they are named;
    ``distribution``: debian, alpine, fedora, arch or "". ``stated``: the user said the OS."""

    os: str = ""
    isas: tuple[str, ...] = ()
    distribution: str = ""
    stated: bool = False


def spoken_of(text: str, context: Mapping[str, str]) -> Platform:
    """The platform, from the user's ``context`` first, then from signs in ``text``."""
    told = " ".join(context.values())
    system = context.get("goos", "") or _named_os(told)
    stated = bool(system)
    if not system:
        weights: Counter[str] = Counter()
        for name, sign, weight in _OS_SIGNS:
            if sign in text:
                weights[name] += weight
        best = weights.most_common(2)
        # A draw says nothing.
        if best and (len(best) == 1 or best[0][1] > best[1][1]):
            system = best[0][0]
    isas: Counter[str] = Counter()
    if context.get("goarch"):
        isas[context["goarch"]] += 1000
    for word in _WORD.findall(told):
        isas[_ISA_WORDS[word]] += 100
    for word in _WORD.findall(text[:1_000_000]):
        isas[_ISA_WORDS[word]] += 1
    both = told + "\n" + text
    distribution = next(
        (name for name, signs in _DISTRIBUTIONS.items() if any(sign in both for sign in signs)), ""
    )
    ranked = tuple(name for name, _ in isas.most_common())
    return Platform(system, ranked, distribution if system in ("", "linux") else "", stated)


def _named_os(told: str) -> str:
    low = told.lower()
    if any(word in low for word in ("darwin", "macos", "mac os", "apple silicon", "macbook")):
        # A container on a Mac is Linux.
        return "linux" if any(w in low for w in ("docker", "container", "linux/")) else "darwin"
    if "windows" in low and "wsl" not in low:
        return "windows"
    return "linux" if any(w in low for w in ("linux", "ubuntu", "debian", "alpine", "wsl")) else ""
