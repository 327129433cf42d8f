"""Parts of machines that are not at hand, as pieces of recordings.

Each is what documentation, sources and public bug reports show of such a machine;
`tests/recorded/README.md` says from which. `tools/write_machines.py` puts them together.
"""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

ABOUT = "written from documentation, not recorded; see README.md"

Part = dict[str, Any]

_ELF = {"amd64": (62, 2), "arm64": (183, 2), "386": (3, 1), "arm": (40, 1)}
_CPU = {"amd64": 0x01000007, "arm64": 0x0100000C}


def _b64(data: bytes) -> Part:
    return {"base64": base64.b64encode(data).decode()}


def elf(isa: str, text: str = "") -> Part:
    """An ELF header and, where PT_INTERP's text would be, any text."""
    machine, wide = _ELF[isa]
    head = b"\x7fELF" + bytes([wide, 1, 1]) + bytes(9) + struct.pack("<HHI", 2, machine, 1)
    return _b64(head.ljust(64, b"\0") + text.encode() + b"\0")


def macho(*isas: str) -> Part:
    """A thin Mach-O header, or a universal one with as many slices."""
    if len(isas) == 1:
        return _b64(struct.pack("<IIIIIIII", 0xFEEDFACF, _CPU[isas[0]], 0, 2, 0, 0, 0, 0))
    head = struct.pack(">II", 0xCAFEBABE, len(isas))
    for n, isa in enumerate(isas):
        head += struct.pack(">IIIII", _CPU[isa], 0, 0x4000 * (n + 1), 0x4000, 14)
    return _b64(head)


def merged(*parts: Part) -> Part:
    """The parts as one recording: what two parts say of the same thing, the later says."""
    whole: Part = {"schema": "archfit.recording/1", "about": ABOUT, "complete": True}
    for part in parts:
        for name, value in part.items():
            if isinstance(value, dict):
                whole[name] = {**whole.get(name, {}), **value}
            else:
                whole[name] = value
    return whole


# --- macOS ------------------------------------------------------------------------------

_M1 = "FlagM FlagM2 FHM DotProd SHA3 RDM LSE SHA256 SHA512 SHA1 AES PMULL SB FRINTTS LRCPC LRCPC2"
_M1 += " FCMA JSCVT PAuth DPB DPB2 ECV LSE2 DIT FP16 SSBS"


def mac(darwin: str, xnu: str, version: str, chip: str, *, translated: bool = False) -> Part:
    """A Mac as a process sees it; ``chip`` as in the kernel's version: T8103, or X86_64."""
    intel = chip == "X86_64"
    process = "x86_64" if intel or translated else "arm64"
    kernel = f"RELEASE_{'X86_64' if intel else 'ARM64_' + chip}"
    sysctl: dict[str, str | None] = {
        "hw.machine": process,
        "hw.optional.arm64": None if intel else "1",
        "sysctl.proc_translated": None if intel else str(int(translated)),
    }
    if not intel:
        sysctl |= {f"hw.optional.arm.FEAT_{name}": "1" for name in _M1.split()}
        sysctl |= {"hw.optional.arm.FEAT_BF16": "0", "hw.optional.arm.FEAT_I8MM": "0"}
        sysctl |= {"hw.optional.floatingpoint": "1", "hw.optional.arm.AdvSIMD": "1"}
        sysctl |= {"hw.optional.armv8_crc32": "1", "hw.optional.arm.FEAT_BTI": "0"}
    else:
        sysctl["machdep.cpu.features"] = (
            "FPU VME DE PSE TSC MSR PAE MCE CX8 APIC SEP MTRR PGE MCA CMOV PAT PSE36 CLFSH DS "
            "ACPI MMX FXSR SSE SSE2 SS HTT TM PBE SSE3 PCLMULQDQ DTES64 MON DSCPL VMX EST TM2 "
            "SSSE3 FMA CX16 TPR PDCM SSE4.1 SSE4.2 x2APIC MOVBE POPCNT AES PCID XSAVE OSXSAVE "
            "SEGLIM64 TSCTMR AVX1.0 RDRAND F16C"
        )
        sysctl["machdep.cpu.leaf7_features"] = (
            "RDWRFSGS TSC_THREAD_OFFSET SGX BMI1 AVX2 SMEP BMI2 ERMS INVPCID FPU_CSDS MPX RDSEED "
            "ADX SMAP CLFSOPT IPT"
        )
        sysctl["machdep.cpu.extfeatures"] = (
            "SYSCALL XD 1GBPAGE EM64T LAHF LZCNT PREFETCHW RDTSCP TSCI"
        )
    plist = f"<plist><dict><key>ProductVersion</key>\n<string>{version}</string></dict></plist>"
    return {
        "uname": ["Darwin", "", darwin, f"Darwin Kernel Version {darwin}: {xnu}/{kernel}", process],
        "page_size": 4096 if process == "x86_64" else 16384,
        "pid": 700,
        "env": {"HOME": "/Users/user"},
        "sysctl": sysctl,
        "files": {"/System/Library/CoreServices/.SystemVersionPlatform.plist": plist},
        "commands": {
            "arch": {"out": "i386\n" if process == "x86_64" else "arm64\n"},
            "xcode-select -p": {"out": "/Library/Developer/CommandLineTools\n"},
            "xcrun --show-sdk-version": {"out": "13.3\n"},
        },
        "dirs": {"/Library/Developer/CommandLineTools": []},
    }


def ventura(*, translated: bool = False) -> Part:
    """An M1 under macOS 13.4."""
    return mac(
        "22.5.0",
        "Mon Apr 24 20:53:44 PDT 2023; root:xnu-8796.121.2~5",
        "13.4",
        "T8103",
        translated=translated,
    )


def mac_shell(*, translated: bool) -> Part:
    """python3 <- zsh <- Terminal <- launchd; flags with P_TRANSLATED where they have it."""
    flag = "24004" if translated else "4004"
    return {
        "files": {
            "/bin/zsh": macho("amd64", "arm64"),
            "/System/Applications/Utilities/Terminal.app/Contents/MacOS/Terminal": macho(
                "amd64", "arm64"
            ),
        },
        "commands": {
            "ps -o pid=,ppid=,flags=,comm= -p 700": {"out": f"  700   650    {flag} python3\n"},
            "ps -o pid=,ppid=,flags=,comm= -p 650": {"out": f"  650   600    {flag} /bin/zsh\n"},
            "ps -o pid=,ppid=,flags=,comm= -p 600": {
                "out": f"  600     1    {flag} "
                "/System/Applications/Utilities/Terminal.app/Contents/MacOS/Terminal\n"
            },
            "ps -o pid=,ppid=,flags=,comm= -p 1": {"out": "    1     0     4004 /sbin/launchd\n"},
        },
    }


def mac_clang(process: str) -> Part:
    """Apple's compilers, shims of /usr/bin."""
    target = {"out": f"{process}-apple-darwin22.5.0\n"}
    version = {"out": "Apple clang version 14.0.3 (clang-1403.0.22.14.1)\n"}
    return {
        "files": {"/usr/bin/clang": macho("amd64", "arm64")},
        "which": {"clang": ["/usr/bin/clang"]},
        "commands": {
            "/usr/bin/clang -dumpmachine": target,
            "/usr/bin/clang --version": version,
        },
    }


def rosetta() -> Part:
    """Rosetta 2 is installed."""
    return {"exists": {"/Library/Apple/usr/libexec/oah/libRosettaRuntime": True}}


def go(isa: str, path: str = "/usr/local/go/bin/go", os: str = "darwin", **env: str) -> Part:
    """A go command on PATH, its header, its build info and its answers."""
    answers = {
        "GOHOSTARCH": isa,
        "GOARCH": isa,
        "GOOS": os,
        "GOROOT": path.removesuffix("/bin/go"),
        "GOVERSION": "go1.21.5",
        "CC": "clang" if os == "darwin" else "gcc",
        "CGO_ENABLED": "1",
    } | env
    names = "GOHOSTARCH GOARCH GOOS GOROOT GOVERSION CC CGO_ENABLED"
    return {
        "files": {path: macho(isa) if os == "darwin" else elf(isa)},
        "find": {path: {"build\tGOARCH=": [f"build\tGOARCH={isa}\n"]}},
        "which": {"go": [path]},
        "commands": {
            f"env GOTOOLCHAIN=local {path} env -json {names}": {"out": json.dumps(answers)}
        },
    }


def brew(prefix: str, isa: str) -> Part:
    """A Homebrew with one program poured into it."""
    return {
        "exists": {f"{prefix}/bin/brew": True},
        "dirs": {f"{prefix}/bin": ["brew", "jq"]},
        "links": {f"{prefix}/bin/jq": f"{prefix}/Cellar/jq/1.6/bin/jq"},
        "files": {f"{prefix}/Cellar/jq/1.6/bin/jq": macho(isa)},
    }


def path_of(*folders: str) -> Part:
    """The variable PATH."""
    return {"env": {"PATH": ":".join([*folders, "/usr/local/bin", "/usr/bin", "/bin"])}}


# --- Linux ------------------------------------------------------------------------------

_ARM64 = (
    "processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: {}\nCPU implementer\t: 0x41\n"
    "CPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n\n"
)
_N1 = "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop"
_N1 += " asimddp ssbs"
_X86 = (
    "processor\t: 0\nvendor_id\t: {}\ncpu family\t: 6\nmodel\t\t: 142\nmodel name\t: {}\n"
    "fpu\t\t: yes\nflags\t\t: {}\n\n"
)
_V3 = "fpu tsc cx8 cmov fxsr mmx sse sse2 syscall lm nx pni ssse3 cx16 sse4_1 sse4_2 popcnt"
_V3 += " lahf_lm xsave avx f16c fma movbe abm bmi1 avx2 bmi2"
ROSETTA_CPU = "fpu tsc de cx8 apic sep cmov pat pse36 clflush mmx fxsr sse sse2 syscall nx lm"
ROSETTA_CPU += (
    " rep_good nopl pni cpuid pclmulqdq ssse3 cx16 sse4_1 popcnt sse4_2 aes lahf_lm movbe"
)
LOADER = {"amd64": "/lib64/ld-linux-x86-64.so.2", "arm64": "/lib/ld-linux-aarch64.so.1"}
LOADER |= {"arm": "/lib/ld-linux-armhf.so.3"}
_GNU = {"amd64": "x86_64", "arm64": "aarch64", "arm": "arm"}
_TRIED = "amd64 386 arm64 arm riscv64 ppc64le s390x mips64le mipsle loong64"
_MACHINE = {"amd64": "x86_64", "arm64": "aarch64"}


def cpu(isa: str, features: str = "", name: str = "Intel(R) Xeon(R)") -> Part:
    """/proc/cpuinfo."""
    if isa == "arm64":
        return {"files": {"/proc/cpuinfo": _ARM64.format(features or _N1)}}
    vendor = "VirtualApple" if name.startswith("VirtualApple") else "GenuineIntel"
    return {"files": {"/proc/cpuinfo": _X86.format(vendor, name, features or _V3)}}


def linux(machine: str, userland: str, release: str, *, page: int = 4096, uname: str = "") -> Part:
    """A kernel of ``machine`` under a glibc userland of ``userland``, native."""
    loader = LOADER[userland]
    folder = f"/lib/{_GNU[userland]}-linux-gnu"
    return {
        "uname": ["Linux", "", release, "#1 SMP", uname or _MACHINE[machine]],
        "page_size": page,
        "pid": 700,
        "env": {"HOME": "/home/user", "PATH": "/usr/local/go/bin:/usr/bin:/bin"},
        "files": {
            "/proc/sys/kernel/arch": f"{_MACHINE[machine]}\n",
            "/proc/self/exe": elf(userland, loader),
            "/proc/thread-self/exe": elf(userland, loader),
            "/proc/self/status": "Name:\tpython3\nPPid:\t650\nSeccomp:\t0\nSeccomp_filters:\t0\n",
            "/proc/650/status": "Name:\tbash\nPPid:\t1\n",
            "/proc/650/exe": elf(userland, loader),
            "/proc/1/status": "Name:\tsystemd\nPPid:\t0\n",
            "/bin/sh": elf(userland, loader),
            loader: elf(userland),
        },
        "links": {
            "/proc/self/exe": "/usr/bin/python3.10",
            "/proc/thread-self/exe": "/usr/bin/python3.10",
            "/proc/650/exe": "/usr/bin/bash",
            loader: f"{folder}/{loader.rsplit('/', 1)[-1]}",
        },
        "find": {
            f"{folder}/libc.so.6": {"release version ": ["release version 2.35.\n"]},
            f"{folder}/libstdc++.so.6": {"GLIBCXX_3.4": ["GLIBCXX_3.4\0", "GLIBCXX_3.4.30\0"]},
        },
        "executes": {
            isa: 42 if isa in (machine, userland) else "no handler" for isa in _TRIED.split()
        },
    }


def release(name: str, version: str) -> Part:
    """/etc/os-release."""
    return {"files": {"/etc/os-release": f'PRETTY_NAME="{name}"\nVERSION_ID="{version}"\n'}}


def gcc(isa: str, name: str = "gcc", target: str = "") -> Part:
    """A C compiler on PATH."""
    target = target or f"{_GNU[isa]}-linux-gnu"
    return {
        "which": {name: [f"/usr/bin/{name}"]},
        "files": {f"/usr/bin/{name}": elf(isa)},
        "commands": {
            f"/usr/bin/{name} -dumpmachine": {"out": f"{target}\n"},
            f"/usr/bin/{name} --version": {"out": f"{name} (Ubuntu 11.4.0) 11.4.0\n"},
        },
    }


def container(kind: str = "docker") -> Part:
    """Signs of a container, with namespaces of its own and Docker's seccomp filter."""
    status = "Name:\tpython3\nPPid:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n"
    return {
        "exists": {{"docker": "/.dockerenv", "podman": "/run/.containerenv"}[kind]: True},
        "files": {"/proc/self/status": status, "/proc/1/status": "Name:\tsh\nPPid:\t0\n"},
        "links": {
            f"/proc/self/ns/{ns}": f"/proc/700/ns/{ns}:[4026532{n}]"
            for n, ns in enumerate(("pid", "uts", "ipc"), 500)
        },
    }


def auxv(page: int) -> Part:
    """The auxiliary vector of a 64-bit process: AT_PAGESZ, AT_NULL."""
    return {"files": {"/proc/thread-self/auxv": _b64(struct.pack("<QQQQ", 6, page, 0, 0))}}


def under(program: str, isa: str, host: str) -> Part:
    """This process and its ancestors are run by a translator, as the kernel sees them."""
    return {
        "files": {
            "/proc/thread-self/exe": elf(host),
            "/proc/1/exe": elf(host),
            "/proc/self/exe": elf(isa, LOADER[isa]),
        },
        "links": {"/proc/thread-self/exe": program, "/proc/1/exe": program},
    }


def binfmt(**entries: str) -> Part:
    """binfmt_misc, mounted, with these entries: name = "interpreter flags isa state"."""
    mask = "mask fffffffffffefe00fffffffffffffffffeffffff"
    files = {"/proc/sys/fs/binfmt_misc/status": "enabled\n"}
    for name, text in entries.items():
        interpreter, flags, isa, state = text.split()
        machine = struct.pack("<H", _ELF[isa][0]).hex()
        magic = f"magic 7f454c460201010000000000000000000200{machine}"
        body = f"{state}\ninterpreter {interpreter}\nflags: {flags}\noffset 0\n{magic}\n{mask}\n"
        files[f"/proc/sys/fs/binfmt_misc/{name}"] = body
    return {"files": files, "exists": {"/proc/sys/fs/binfmt_misc/register": True}}
