"""``{go:1.19}``, ``{cc:linux/arm64}``, ``{qemu:arm64}`` in a recipe: this machine's tools.

==================  ==========================================================================
``{go}``            the first Go toolchain found; ``{go:1.19}`` one of that release
``{goroot}``        its GOROOT; ``{goroot:1.19}``
``{cc:TARGET}``     gcc for a target; ``{clang:TARGET}``, ``{cxx:TARGET}`` (g++) likewise
``{qemu:ISA}``      the qemu-user program; ``{sysroot:ISA}`` the folder with that ISA's libraries
``{tool:NAME}``     a program on PATH
``{python}``        the Python that runs archfit
==================  ==========================================================================
"""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass, field

from archfit.host.live import Live
from archfit.lab import catalogue
from archfit.model.errors import Malformed, Unavailable

_NAME = re.compile(r"\{([a-z]+)(?::([^{}]+))?\}")
#: Debian's packages that bring a tool which is not there.
_PACKAGES = {
    "shellcheck": "shellcheck",
    "unshare": "util-linux",
    "c++filt": "binutils",
    "readelf": "binutils",
    "nm": "binutils",
    "ar": "binutils",
}


@dataclass(slots=True)
class Tools:
    """Looks names up and remembers what was used: ``used`` is name -> version."""

    offline: bool = False
    used: dict[str, str] = field(default_factory=dict)

    def words(self, text: str) -> list[str]:
        """One word of a command; a name that is the whole word may stand for several."""
        match = _NAME.fullmatch(text)
        return self._named(match[1], match[2] or "") if match else [self.text(text)]

    def text(self, text: str) -> str:
        """The names in a text put in. Raises Unavailable when a tool is not here."""
        return _NAME.sub(lambda match: shlex.join(self._named(match[1], match[2] or "")), text)

    def _named(self, name: str, which: str) -> list[str]:
        if name == "python":
            return self._used(name, [sys.executable], sys.version.split()[0])
        if name == "tool":
            return self._used(which, [self._program(which)], "")
        if name in ("go", "goroot"):
            tool = self._go(which)
            return self._used(f"go {which}".strip(), [getattr(tool, name)], f"go{tool.version}")
        if name in ("cc", "clang", "cxx"):
            return self._compiler(name, which)
        if name in ("qemu", "sysroot"):
            found = next((e for e in catalogue.emulators() if e.isa == which), None)
            if found is None:
                raise Unavailable(f"no qemu-user for {which} is here", "apt-get install qemu-user")
            if name == "qemu":
                return self._used(f"qemu {which}", [found.path], found.version)
            # This machine's own ISA has its libraries below the root.
            own = catalogue.machine().endswith(f"/{which}")
            if not found.sysroot and not own:
                raise Unavailable(f"no libraries for linux/{which} are here")
            return [found.sysroot or "/"]
        raise Malformed(f"recipe: {{{name}}} names no tool")

    def _used(self, name: str, words: list[str], version: str) -> list[str]:
        self.used[name] = version
        return words

    def _program(self, name: str) -> str:
        found = Live().which(name)
        if not found:
            package = _PACKAGES.get(name)
            hint = f"apt-get install {package}" if package else ""
            raise Unavailable(f"{name} is not on PATH", hint)
        return found[0]

    def _go(self, version: str) -> catalogue.GoToolchain:
        if version:
            return catalogue.go_toolchain(version, offline=True)
        found = catalogue.go_toolchains()
        if not found:
            raise Unavailable("no Go toolchain is here", "archfit lab doctor")
        return found[0]

    def _compiler(self, name: str, target: str) -> list[str]:
        kind = "clang" if name == "clang" else "gcc"
        found = catalogue.compiler_for(kind, target)
        if found is None:
            raise Unavailable(f"no {kind} for {target} is here", "archfit lab doctor")
        words = list(found.argv)
        if name == "cxx":
            words[0] = self._program(re.sub("gcc$", "g++", words[0]))
        return self._used(f"{kind} {target}", words, found.version)
