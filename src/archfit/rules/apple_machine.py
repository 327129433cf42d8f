"""Signs in a text that the machine it comes from is an Apple Silicon Mac."""

from __future__ import annotations

import re

from archfit.formats.log import Log

#: Words that only such a machine leaves: Homebrew's prefix and `brew config`, the kernel's
#: version, sysctl, the board's name.
_SIGNS = (
    "/opt/homebrew",
    "Apple Silicon",
    "Apple silicon",
    "apple silicon",
    "apple-silicon",
    "Apple M1",
    "Apple M2",
    "Apple M3",
    "Apple M4",
    "RELEASE_ARM64",
    "arm_firestorm",
    "arm_blizzard",
    "Rosetta 2: true",
    "proc_translated: 1",
    "M1 Mac",
    "M2 Mac",
    "M1 Pro",
    "M1 Max",
    "M2 Pro",
    "under Rosetta",
)
_CHIP = r"\bM[1-5]\b"
_CHIP_OF_A_MAC = r"(?:[Mm]ac|MAC|[Aa]pple)[\w ]{0,20}\bM[1-5]\b|\bM[1-5] (?:[Mm]ac|chip|Pro|Max)"


def apple_silicon(log: Log) -> bool:
    """The text, or what the user added, speaks of an Apple Silicon machine."""
    if log.says(*_SIGNS) or re.search(_CHIP, log.told):
        return True
    return re.search(_CHIP_OF_A_MAC, log.text[:200_000]) is not None


#: How people name the system that they write from.
_MAC = (
    "macOS",
    "MacOS",
    "Mac OS",
    "OS X",
    "MacBook",
    "darwin/arm64",
    "darwin/amd64",
    "zsh: killed",
)
_LINUX = ("linux/", "Linux ", "docker", "kubectl", "apt-get", "/home/")


def spoken_of_mac(log: Log) -> bool:
    """The machine that the text comes from is a Mac, by its signs or by what people say of it."""
    if log.platform.os:
        return log.platform.os == "darwin"
    return log.says(*_MAC) and not log.has(*_LINUX)
