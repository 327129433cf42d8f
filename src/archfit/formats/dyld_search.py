"""Where dyld looks for a library that a Mach-O file names.

Source: dyld-1378 dyld/Loader.cpp (`forEachResolvedAtPathVar`,
`expandAtLoaderPath`, `mightBeInSharedCache`), dyld/DyldProcessConfig.cpp
(`forEachDylibFallback`) and common/MachOFile.cpp (the fallback folders
/usr/local/lib and /usr/lib serve only what was built with an SDK before
macOS 14 or iOS 17, `sdkOnOrAfter2022`). `@rpath` is tried below each LC_RPATH of
the image that asks, then below those of the images that loaded it, up to the
program. `@loader_path` is the folder of the image that asks, with links resolved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from posixpath import basename, normpath

_IN_CACHE = (
    "/usr/lib/",
    "/System/Library/",
    "/System/iOSSupport/usr/lib/",
    "/System/iOSSupport/System/Library/",
    "/System/DriverKit/",
)


@dataclass(frozen=True, slots=True)
class Asker:
    """The image that asks. ``folder``: its own, absolute, links resolved.

    ``program``: it is itself the main executable. ``rpaths``: its LC_RPATHs. ``fallback``: it
    was built with so old an SDK that dyld tries the fallback folders too. ``environment``: it
    carries LC_DYLD_ENVIRONMENT, which may name more folders.
    """

    folder: str
    program: bool
    rpaths: Sequence[str]
    fallback: bool = False
    environment: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """``paths``: where it is looked for, in order; those in ``of_host`` only count on the Mac
    that runs it. ``open``: why there may be further places, "" when these are all.
    """

    paths: tuple[str, ...]
    of_host: frozenset[str] = frozenset()
    open: str = ""


def in_shared_cache(name: str) -> bool:
    """System libraries: since macOS 11 they stand in dyld's shared cache and not in files."""
    return name.startswith(_IN_CACHE)


def places(name: str, asker: Asker) -> Search:
    """Where ``name``, as a load command has it, is looked for."""
    paths: list[str] = []
    of_host: list[str] = []
    unknown = "it carries LC_DYLD_ENVIRONMENT" if asker.environment else ""
    if name.startswith("@rpath/"):
        tail = name[7:]
        for rpath in asker.rpaths:
            place = _expanded(rpath, asker)
            if place is None:
                unknown = unknown or f"{rpath} depends on the program that loads it"
                continue
            paths.append(normpath(f"{place}/{tail}"))
            if rpath.startswith("/"):
                of_host.append(paths[-1])
        if not asker.program:
            unknown = unknown or "the program that loads it may bring LC_RPATHs"
    else:
        place = _expanded(name, asker)
        if place is None:
            unknown = unknown or f"{name.split('/', 1)[0]} depends on the program that loads it"
        else:
            paths.append(normpath(place))
            if name.startswith("/"):
                of_host.append(paths[-1])
    if asker.fallback:
        extra = f"/usr/local/lib/{basename(name)}"
        if extra not in paths:
            paths.append(extra)
            of_host.append(extra)
        unknown = unknown or "built with an old SDK, it is also looked for in /usr/lib"
    return Search(tuple(paths), frozenset(of_host), unknown)


def _expanded(path: str, asker: Asker) -> str | None:
    """The absolute path; None when it depends on the program or on the working folder."""
    for word, known in (("@loader_path", True), ("@executable_path", asker.program)):
        if path == word or path.startswith(word + "/"):
            return asker.folder + path[len(word) :] if known else None
    return path if path.startswith("/") else None
