"""Where glibc's dynamic loader looks when nothing else tells it, read from the loader itself.

The folders, the name of the cache and the text of ``$LIB`` are fixed when glibc is
built, and differ by distribution: Debian searches /lib/x86_64-linux-gnu first,
Fedora /lib64, Nix its own store. They stand in the loader's read-only data:
``system_dirs`` as strings end to end, each with a slash at its end (glibc 2.42
elf/dl-load.c with elf/gen-trusted-dirs.awk), ``LD_SO_CACHE`` (sysdeps/generic/dl-cache.h)
and ``DL_DST_LIB`` (elf/Makefile: the last part of the first folder; Debian puts the
whole of it there, as in lib/x86_64-linux-gnu).
"""

from __future__ import annotations

from typing import NamedTuple

_MAX_PLACES = 4096


class Defaults(NamedTuple):
    """``folders`` without the slash at the end; ``lib``: what ``$LIB`` stands for."""

    folders: tuple[str, ...]
    cache: str
    lib: str


def read(data: bytes) -> Defaults | None:
    """The defaults in a loader of glibc; None when this is none. Never raises."""
    groups: list[list[str]] = []
    end = -1
    for start, text in _strings(data, b"/lib"):
        if text.endswith("/") and text.startswith("/") and text.isascii() and text.isprintable():
            if start == end:
                groups[-1].append(text.rstrip("/"))
            else:
                groups.append([text.rstrip("/")])
            end = start + len(text) + 1
    # The array comes once more from its middle where the compiler knows the way into it.
    folders = max(groups, key=len, default=[])
    if not folders:
        return None
    caches = [text for _, text in _strings(data, b"/ld.so.cache\0") if text.startswith("/")]
    whole = folders[0].removeprefix("/usr").lstrip("/")
    lib = whole if f"\0{whole}\0".encode() in data else whole.rpartition("/")[2]
    return Defaults(tuple(folders), caches[0] if caches else "/etc/ld.so.cache", lib)


def _strings(data: bytes, needle: bytes) -> list[tuple[int, str]]:
    """The strings in which the needle occurs and where they start, each once."""
    found: list[tuple[int, str]] = []
    at = data.find(needle)
    for _ in range(_MAX_PLACES):
        if at < 0:
            break
        start = data.rfind(b"\0", max(0, at - 4096), at) + 1
        end = data.find(b"\0", at + 1, at + 4096)
        if end < 0:
            break
        found.append((start, data[start:end].decode("utf-8", "backslashreplace")))
        at = data.find(needle, end + 1)
    return found
