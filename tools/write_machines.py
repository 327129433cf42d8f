"""Writes the recordings in tests/recorded/ that were not taken from a machine.

Run as ``python tools/write_machines.py``. ``--check`` changes nothing and exits 1 when a
file is stale.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from machine_parts import (
    LOADER,
    ROSETTA_CPU,
    Part,
    auxv,
    binfmt,
    brew,
    container,
    cpu,
    elf,
    gcc,
    go,
    linux,
    mac,
    mac_clang,
    mac_shell,
    macho,
    merged,
    path_of,
    release,
    rosetta,
    under,
    ventura,
)

OUT = Path(__file__).parents[1] / "tests/recorded"


def machines() -> dict[str, Part]:
    """All of them, by file name."""
    native, rosetta_shell = mac_shell(translated=False), mac_shell(translated=True)
    opt, usr = "/opt/homebrew", "/usr/local"
    m1 = [ventura(), native, rosetta(), mac_clang("arm64")]
    m1_translated = [ventura(translated=True), rosetta_shell, rosetta(), mac_clang("x86_64")]
    with_go = path_of("/usr/local/go/bin", "/opt/homebrew/bin")
    graviton = [
        linux("arm64", "arm64", "6.2.0-1009-aws"),
        release("Ubuntu 22.04.3 LTS", "22.04"),
        cpu("arm64"),
        go("arm64", os="linux"),
        gcc("arm64"),
    ]
    xeon = [
        linux("amd64", "amd64", "6.2.0-39-generic"),
        release("Ubuntu 22.04.3 LTS", "22.04"),
        cpu("amd64"),
        {"files": {"/proc/sys/abi/vsyscall32": "1\n"}, "executes": {"386": 42}},
        go("amd64", os="linux"),
        gcc("amd64"),
    ]
    linuxkit = "6.6.12-linuxkit"
    amd64_image = [
        linux("arm64", "amd64", linuxkit, uname="x86_64"),
        release("Debian GNU/Linux 12 (bookworm)", "12"),
        container(),
        go("amd64", os="linux"),
        gcc("amd64"),
    ]
    musl = "/lib/ld-musl-x86_64.so.1"
    glibc = [f"/lib/x86_64-linux-gnu/{name}" for name in ("libc.so.6", "libstdc++.so.6")]
    return {
        "mac-m1": merged(*m1, with_go, go("arm64"), brew(opt, "arm64")),
        "mac-m1-rosetta-shell": merged(*m1_translated, with_go, go("arm64"), brew(opt, "arm64")),
        "mac-m1-amd64-go": merged(*m1, with_go, go("amd64"), brew(opt, "arm64")),
        "mac-m1-amd64-go-goarch": merged(
            *m1, with_go, go("amd64", GOARCH="arm64", CGO_ENABLED="0"), {"env": {"GOARCH": "arm64"}}
        ),
        "mac-m1-intel-brew": merged(
            *m1, path_of("/usr/local/go/bin"), go("arm64"), brew(opt, "arm64"), brew(usr, "amd64")
        ),
        "mac-m1-all-intel": merged(
            *m1_translated, path_of("/usr/local/go/bin"), go("amd64"), brew(usr, "amd64")
        ),
        "mac-m1-cross": merged(
            *m1, with_go, go("arm64", GOARCH="amd64", CGO_ENABLED="0"), {"env": {"GOARCH": "amd64"}}
        ),
        "mac-m1-bare": merged(
            ventura(),
            native,
            path_of(),
            {"which": {"clang": ["/usr/bin/clang"]}, "files": {"/usr/bin/clang": macho("arm64")}},
            {
                "commands": {
                    "xcode-select -p": {"status": 2, "err": "xcode-select: error: no tools"}
                }
            },
        ),
        "mac-intel": merged(
            mac("21.6.0", "Mon Jun 24 00:56:10 PDT 2024; root:xnu-8020", "12.7.6", "X86_64"),
            native,
            mac_clang("x86_64"),
            path_of("/usr/local/go/bin"),
            go("amd64"),
            brew(usr, "amd64"),
        ),
        "linux-arm64": merged(*graviton),
        "linux-arm64-64k": merged(
            *graviton,
            linux("arm64", "arm64", "5.14.0-362.8.1.el9_3.aarch64+64k", page=65536),
            release("Red Hat Enterprise Linux 9.3 (Plow)", "9.3"),
        ),
        "linux-arm64-armhf": merged(
            linux("arm64", "arm", "6.1.0-rpi7-rpi-v8"),
            release("Raspbian GNU/Linux 12 (bookworm)", "12"),
            cpu("arm64", "fp asimd evtstrm crc32 cpuid"),
            gcc("arm", target="arm-linux-gnueabihf"),
        ),
        "linux-amd64": merged(*xeon),
        "linux-amd64-cross": merged(
            *xeon,
            go("amd64", os="linux", GOARCH="arm64", CC="aarch64-linux-gnu-gcc"),
            gcc("amd64", "aarch64-linux-gnu-gcc", "aarch64-linux-gnu"),
            {"env": {"GOARCH": "arm64", "CC": "aarch64-linux-gnu-gcc", "CGO_ENABLED": "1"}},
        ),
        "linux-amd64-stray-cc": merged(
            *xeon,
            gcc("amd64", "aarch64-linux-gnu-gcc", "aarch64-linux-gnu"),
            {"env": {"CC": "aarch64-linux-gnu-gcc"}},
        ),
        "linux-amd64-old-setarch": merged(
            *xeon,
            linux("amd64", "amd64", "5.10.0-28-amd64", uname="i686"),
            {"files": {"/proc/sys/kernel/arch": None}},
        ),
        "container-alpine": merged(
            linux("amd64", "amd64", "6.2.0-39-generic"),
            release("Alpine Linux v3.19", "3.19.1"),
            cpu("amd64"),
            container(),
            {
                "files": {
                    musl: elf("amd64"),
                    "/bin/sh": elf("amd64", musl),
                    LOADER["amd64"]: None,
                },
                "find": {musl: {"\0" + "1.": ["\x001.2.4\0\0\0\0\0\0"]}},
                "links": {LOADER["amd64"]: LOADER["amd64"]},
                "executes": {"386": 42},
            },
            {"files": {"/proc/sys/abi/vsyscall32": "1\n"}, "find": dict.fromkeys(glibc)},
        ),
        "container-rosetta": merged(
            *amd64_image,
            cpu("amd64", ROSETTA_CPU, "VirtualApple @ 2.50GHz"),
            under("/run/rosetta/rosetta", "amd64", "arm64"),
        ),
        "container-qemu": merged(
            *amd64_image,
            cpu("arm64"),
            auxv(4096),
            under("/usr/bin/qemu-x86_64", "amd64", "arm64"),
        ),
        "lima-arm64": merged(
            *graviton,
            binfmt(rosetta="/mnt/lima-rosetta/rosetta OCF amd64 enabled"),
            {"files": {"/mnt/lima-rosetta/rosetta": elf("arm64")}, "executes": {"amd64": 42}},
        ),
        "linux-arm64-broken-binfmt": merged(
            *graviton,
            binfmt(
                **{
                    "qemu-x86_64": "/usr/bin/qemu-x86_64-static OC amd64 enabled",
                    "qemu-i386": "/usr/bin/qemu-i386-static F 386 disabled",
                }
            ),
        ),
    }


def main() -> int:
    """Writes the files, or only compares with --check."""
    stale = []
    for name, document in machines().items():
        path = OUT / f"{name}.json"
        text = json.dumps(document, indent=1, sort_keys=True) + "\n"
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(path.name)
    if stale:
        print(f"stale: {', '.join(stale)}: python tools/write_machines.py", file=sys.stderr)
    return int(bool(stale))


if __name__ == "__main__":
    raise SystemExit(main())
