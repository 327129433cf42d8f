"""Name and version of the operating system.

Sources: os-release(5). macOS: SystemVersion.plist, whose answer is 10.16 for programs
linked against an SDK before macOS 11; `.SystemVersionPlatform.plist` beside it (macOS 11
and later) is never bent so, and the Darwin release tells the major version in any case.
"""

from __future__ import annotations

from archfit.facts.host import KERNEL, OS, OS_NAME, OS_VERSION
from archfit.formats.os_release import os_release
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe
from archfit.platforms.macos import of_darwin

_CORE = "/System/Library/CoreServices/"
_PLISTS = (_CORE + ".SystemVersionPlatform.plist", _CORE + "SystemVersion.plist")
_OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")


def run(door: Door, facts: dict[str, Fact]) -> None:
    """Raises Unavailable when no file tells it."""
    if OS.of(facts) == "darwin":
        _macos(door, facts)
        return
    for path in _OS_RELEASE:
        try:
            fields = os_release(door.read(path, 1 << 16).decode("utf-8", "replace"))
        except Unavailable:
            continue
        name = fields.get("PRETTY_NAME") or fields.get("NAME")
        if name:
            facts[OS_NAME.name] = Fact(name, Trust.DECLARED, path)
        if fields.get("VERSION_ID"):
            facts[OS_VERSION.name] = Fact(fields["VERSION_ID"], Trust.DECLARED, path)
        return
    raise Unavailable(f"none of {', '.join(_OS_RELEASE)} can be read")


def _macos(door: Door, facts: dict[str, Fact]) -> None:
    facts[OS_NAME.name] = Fact("macOS", Trust.OBSERVED, "uname -s: Darwin")
    by_kernel = of_darwin(KERNEL.of(facts) or "")
    for path in _PLISTS:
        try:
            text = door.read(path, 1 << 16).decode("utf-8", "replace")
        except Unavailable:
            continue
        version = _string_after(text, "ProductVersion")
        if version and not version.startswith("10.16"):
            facts[OS_VERSION.name] = Fact(version, Trust.STORED, path)
            return
    if by_kernel is None:
        raise Unavailable("the version of macOS: no SystemVersion.plist, and an unknown Darwin")
    facts[OS_VERSION.name] = Fact(by_kernel["version"], Trust.OBSERVED, "uname -r")


def _string_after(plist: str, key: str) -> str:
    """The <string> that follows a <key> of an XML property list (plist(5)); "" without one."""
    _, _, rest = plist.partition(f"<key>{key}</key>")
    _, _, value = rest.partition("<string>")
    return value.partition("</string>")[0].strip()[:32]


PROBE = HostProbe(name="host_system", gives=(OS_NAME, OS_VERSION), run=run, after=("host_machine",))
