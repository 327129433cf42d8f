"""Which packages a host's distribution has for what a remedy needs.

The distribution is told by `host.os_name` (PRETTY_NAME of os-release(5)). Package names:
Debian 12 (libc6, libc6-x32, libc6-*-cross, musl, qemu-user-static, binfmt-support), Fedora 40
(glibc.i686, musl-libc, qemu-user-static), Arch (lib32-glibc of multilib, musl,
qemu-user-static-binfmt), Alpine 3.20 (gcompat). Where this table has no row the answer is "":
the remedy then says in words what is needed.
"""

from __future__ import annotations

from shlex import quote

from archfit.facts import host as h
from archfit.model.fact import Facts

#: Word in the distribution's name -> whose packages it has.
_FAMILIES = (
    ("ubuntu", "ubuntu"),
    ("debian", "debian"),
    ("raspbian", "raspbian"),
    ("alpine", "alpine"),
    ("fedora", "fedora"),
    ("red hat", "rhel"),
    ("centos", "rhel"),
    ("rocky", "rhel"),
    ("almalinux", "rhel"),
    ("arch linux", "arch"),
    ("nixos", "nixos"),
)
#: ISA in Go's spelling -> Debian's architecture.
DEBIAN_ARCH = {
    "amd64": "amd64",
    "arm64": "arm64",
    "arm": "armhf",
    "386": "i386",
    "ppc64le": "ppc64el",
    "s390x": "s390x",
}
_REGISTER = {
    "debian": "apt-get install qemu-user-static binfmt-support",
    "ubuntu": "apt-get install qemu-user-static binfmt-support",
    "raspbian": "apt-get install qemu-user-static binfmt-support",
    "fedora": "dnf install qemu-user-static && systemctl restart systemd-binfmt",
    "arch": "pacman -S qemu-user-static qemu-user-static-binfmt",
}
_MUSL = {
    "debian": "apt-get install musl",
    "ubuntu": "apt-get install musl",
    "raspbian": "apt-get install musl",
    "fedora": "dnf install musl-libc",
    "arch": "pacman -S musl",
}
_FIND = {
    "debian": "apt-file search {}",
    "ubuntu": "apt-file search {}",
    "raspbian": "apt-file search {}",
    "fedora": "dnf provides {}",
    "rhel": "dnf provides {}",
    "alpine": "apk search {}",
    "arch": "pacman -F {}",
}


def family(host: Facts) -> str:
    """debian, ubuntu, raspbian, alpine, fedora, rhel, arch, nixos; "" for any other name."""
    name = (h.OS_NAME.of(host) or "").lower()
    return next((known for word, known in _FAMILIES if word in name), "")


def register_translator(host: Facts) -> str:
    """The command that installs qemu-user and registers it with the kernel."""
    return _REGISTER.get(family(host), "")


def musl(host: Facts) -> str:
    """The command that installs musl's loader for the host's own ISA."""
    return _MUSL.get(family(host), "")


def find_library(host: Facts, name: str) -> str:
    """The command that names the package which brings a library."""
    where, file = family(host), name.rpartition("/")[2]
    wanted = {"alpine": f"so:{file}", "fedora": f"*/{file}", "rhel": f"*/{file}"}.get(where, file)
    return _FIND[where].format(quote(wanted)) if where in _FIND and file and "{" not in file else ""


def foreign_libc(host: Facts, isa: str, variant: str | None) -> str:
    """The command that puts glibc of another ISA where the host's own stands.

    Ubuntu keeps amd64 and i386 on one server and the rest on another, so there it is known
    for these two alone; Raspbian has armhf alone.
    """
    where, own = family(host), h.ISA.of(host)
    if variant == "x32":
        debian = where in ("debian", "ubuntu") and own == "amd64"
        return "apt-get install libc6-x32" if debian else ""
    if (own, isa) == ("amd64", "386"):
        other = {"fedora": "dnf install glibc.i686", "arch": "pacman -S lib32-glibc"}.get(where)
        if other:
            return other
    arch = _arch(isa, variant)
    if arch and (where == "debian" or (where, own, isa) == ("ubuntu", "amd64", "386")):
        return f"dpkg --add-architecture {arch} && apt-get update && apt-get install libc6:{arch}"
    return ""


def _arch(isa: str, variant: str | None) -> str:
    if isa == "arm" and variant not in (None, "armhf"):
        return "armel" if variant == "armel" else ""
    return DEBIAN_ARCH.get(isa, "")
