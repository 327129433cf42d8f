"""It needs CPU instructions that this host does not have

What is wrong
-------------
The program says that it needs a higher ISA level than the host's CPU offers. Go stops
at its start: `This program can only be run on AMD64 processors with v3 microarchitecture
support`; glibc says `CPU ISA level is lower than required`; others die of SIGILL.

Why it happens
--------------
It was built with GOAMD64=v3, -march=x86-64-v3, GOARM64=v8.1 or the like, for newer
machines than this one; or it runs under a translator or in a virtual machine that offers
less than the CPU.

Remedy
------
Build it for the lowest level that must run it.

References
----------
- x86-64 psABI, section 3.1.1 (micro-architecture levels) and GNU_PROPERTY_X86_ISA_1_NEEDED
- go.dev/wiki/MinimumRequirements, GOAMD64 and GOARM64
- glibc sysdeps/x86/dl-prop.h

Limits
------
Seen is what the file declares: the GNU property note and Go's build settings. A program
that was built with -march=native and carries no note is not seen. For a translated
program the translator's own CPU decides, which is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archfit.facts import binary as b
from archfit.facts import go
from archfit.facts import host as h
from archfit.formats.log import Log
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.model.text import Hit, Text
from archfit.rules.fit import fit, proof
from archfit.rules.go_rebuild import build
from archfit.rules.said import said, surest
from archfit.rules.start_failure import translator_of

#: GOARM64 options and the hwcap that the kernel names for them (Go internal/buildcfg,
#: Linux arch/arm64/kernel/cpuinfo.c).
_GOARM64_HWCAP = {"lse": "atomics", "crypto": "aes"}


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """The level or the feature that the file declares against the CPU's."""
    if b.ISA.require(facts) != h.ISA.require(host):
        return
    if b.ISA.require(facts) == "amd64":
        yield from _amd64(facts, host)
    elif b.ISA.require(facts) == "arm64":
        yield from _arm64(facts, host)


def _amd64(facts: Facts, host: Facts) -> Iterator[Finding]:
    setting = (go.SETTINGS.of(facts) or {}).get("GOAMD64", "")
    wanted = max(_level(b.ISA_LEVEL.of(facts)), _level(setting))
    there = h.ISA_LEVEL.of(host)
    if wanted <= 1 or there is None or wanted <= _level(there):
        return
    by_go = _level(setting) == wanted
    yield from fit(
        need={"level": f"x86-64-v{wanted}"},
        offer={"level": there},
        message=f"needs a CPU of level x86-64-v{wanted}; this one is {there}",
        evidence=proof(facts, b.ISA_LEVEL, go.SETTINGS if by_go else b.ISA)
        + proof(host, h.ISA_LEVEL),
        remedies=(_rebuild(facts, by_go, f"GOAMD64=v{max(_level(there), 1)}", there),),
    )


def _arm64(facts: Facts, host: Facts) -> Iterator[Finding]:
    setting = str((go.SETTINGS.of(facts) or {}).get("GOARM64", ""))
    features = h.CPU_FEATURES.of(host)
    if not setting or features is None or h.OS.of(host) != "linux":
        return
    base, *options = setting.split(",")
    # From Armv8.1 on LSE is mandatory (Arm ARM, FEAT_LSE), and Go uses it without a test.
    wanted = set(options) | ({"lse"} if base not in ("", "v8.0") else set())
    missing = sorted(o for o in wanted & set(_GOARM64_HWCAP) if _GOARM64_HWCAP[o] not in features)
    if not missing:
        return
    yield from fit(
        need={"GOARM64": setting},
        offer={"features": features},
        message=f"built with GOARM64={setting}; this CPU lacks {', '.join(missing)}",
        evidence=proof(facts, go.SETTINGS) + proof(host, h.CPU_FEATURES),
        remedies=(_rebuild(facts, True, "GOARM64=v8.0", "v8.0"),),
    )


def _rebuild(facts: Facts, by_go: bool, setting: str, level: str) -> Remedy:
    if by_go:
        command, verify = build(facts, setting, setting.partition("=")[2])
        return Remedy(f"Build it with {setting}", command, safe=True, verify=verify)
    # The baseline is `x86-64` to compilers, without a number (GCC, "x86 Options").
    march = level if _level(level) > 1 else "x86-64"
    return Remedy(f"Build it with -march={march}", verify="archfit check {subject}")


def _level(text: object) -> int:
    """2 of `x86-64-v2` or `v2`; 1 of the baseline, 0 of anything else."""
    word = str(text or "").rpartition("v")[2]
    return int(word) if word.isascii() and word.isdigit() else int("baseline" in str(text))


_NAMED = ("AVX", "AVX2", "AVX512F", "avx", "avx2", "FMA", "BMI2")
TEXTS = (
    Text(
        "This program can only be run on",
        "the Go program was built for {level}, which this CPU does not have",
        "Go runtime/asm_amd64.s, asm_arm64.s, os_linux_arm64.go and relatives",
        r"This program can only be run on (?P<isa>\w+) processors with (?P<level>[\w. ]{2,40}?)"
        r"(?: microarchitecture)? support",
        0.97,
    ),
    Text(
        "CPU ISA level is lower than required",
        "a library or the program needs a higher x86-64 level than this CPU has",
        "glibc elf/dl-load.c, sysdeps/x86/dl-prop.h",
        confidence=0.97,
    ),
    Text(
        "Fatal glibc error",
        "the system's C library was built for {level}, which this CPU does not have",
        "glibc sysdeps/*/dl-hwcap-check.h",
        r"Fatal glibc error: CPU (?:does not support|lacks) (?P<level>[\w. -]{2,30})",
        0.97,
    ),
    Text(
        "SIGILL",
        "it used an instruction that this CPU does not have",
        "Go runtime (SIGILL: illegal instruction), HotSpot, Rust, systemd, macOS crash reports",
        r"SIGILL: illegal instruction|# +SIGILL \(0x4\)|signal: 4,? (?:\(core dumped\) )?"
        r"\(?SIGILL|[(.]SIGILL\b|\bSIGILL\)|(?:signal|by|with|on|received|raised|got|code|"
        r"terminated|crash(?:ed)?|died|Error|error)[: =(]{1,3}SIGILL\b",
        0.84,
        ("handler", "sigaction", "nostop", "SIGILL,", "caught SIGILL test"),
    ),
    *(
        Text(
            needle,
            "it used an instruction that this CPU does not have",
            "shells and strsignal(SIGILL): Illegal instruction (core dumped)",
            "",
            0.84,
            ("checking", "no such instruction", "Error: ", "test ", "PASS", "ok ", "assembler"),
        )
        for needle in ("Illegal instruction", "illegal instruction")
    ),
    *(
        Text(
            needle,
            "it used an instruction that this CPU does not have",
            "field reports",
            r"(?i)(?:illegal|invalid) instruction",
            0.7,
        )
        for needle in ("Illegal Instruction", "Invalid instruction", "invalid instruction")
    ),
    Text(
        "illegal hardware instruction",
        "it used an instruction that this CPU (or Rosetta) does not have",
        "zsh",
        confidence=0.88,
    ),
    Text(
        "invalid opcode",
        "it used an instruction that this CPU does not have",
        "Linux arch/x86/kernel/traps.c",
        r"trap invalid opcode ip:",
        0.85,
    ),
    *(
        Text(
            needle,
            "it used an instruction that this CPU does not have",
            "Windows STATUS_ILLEGAL_INSTRUCTION",
            confidence=0.9,
        )
        for needle in ("0xc000001d", "0xC000001D", "3221225501")
    ),
    Text(
        "1073741795",
        "it used an instruction that this CPU does not have",
        "Windows STATUS_ILLEGAL_INSTRUCTION as a signed exit status",
        r"-1073741795",
        0.9,
    ),
    *(
        Text(
            needle,
            "it needs {feature}, which this CPU does not have",
            "MongoDB, TensorFlow, Bun, polars, OpenCV and others that look before use",
            r"(?i)(?:requires?|need(?:s|ed)?|compiled (?:to use|with)|lacks?|without|does ?n[o']t "
            r"(?:have|support)|not support(?:ed)?|no support for|missing|must support|unsupported)"
            r"[^\n]{0,80}\b(?P<feature>(?:AVX|FMA|BMI)[\w.-]{0,6})(?:[^\n]{0,120}(?:aren't|not) "
            r"available)?|\b(?P<feature2>AVX[\w-]{0,4}) (?:support )?(?:is )?(?:not (?:supported|"
            r"available|found|detected)|required|missing)",
            0.86,
            (
                "INFO",
                "I tensorflow",
                "warning:",
                "checking",
                "without AVX: ",
                "Skipping",
                "-mavx",
                "does not enable",
            ),
        )
        for needle in _NAMED
    ),
    Text(
        "CPU",
        "it needs {feature}, which this CPU does not have",
        "numpy, ClickHouse, DPDK, Oracle, dotnet, simdjson, glibc tunables",
        r"(?i)CPU (?:does not|doesn't) (?:support|have)[^\n]{0,20} (?P<feature>"
        r"SSE[\d_.]{0,4}|SSSE3|POPCNT|x86-64-v\d|AES[-\w]{0,4}|NEON|LSE|atomics|crypto|CRC32|SHA\w{0,4})|"
        r"CPU lacks (?P<feature2>[\w.-]{2,20}) support|required (?:CPU features|instruction sets) "
        r"(?:are|were) not (?:supported|detected)|unsupported CPU[: ](?!.*governor)",
        0.88,
        ("checking",),
    ),
    Text(
        "baseline optimizations",
        "NumPy was built for CPU features that this machine lacks",
        "numpy/core/src/common/npy_cpu_features.c",
        r"built with baseline optimizations[^\n]{0,200}but your machine doesn't support",
        0.97,
    ),
    Text(
        "The required instruction sets are not supported",
        "it needs instruction sets that this CPU does not have",
        ".NET native AOT",
        confidence=0.96,
    ),
    Text(
        "required CPU features were not detected",
        "it needs CPU features that this machine lacks",
        "polars _cpu_check.py",
        confidence=0.93,
    ),
    Text(
        "Missing required CPU features",
        "it needs CPU features that this machine lacks",
        "polars _cpu_check.py",
        confidence=0.93,
    ),
    Text(
        "enabled, but this feature is not available",
        "it was compiled for a CPU feature that this machine lacks",
        "DPDK, SPDK (rte_cpu_is_supported) and WiredTiger",
        confidence=0.93,
    ),
    Text(
        "uncaught target signal 4",
        "it used an instruction that the CPU which qemu shows does not have",
        "qemu linux-user/signal.c",
        confidence=0.9,
    ),
    Text(
        "132",
        "it used an instruction that this CPU does not have (status 132 is 128 + SIGILL)",
        "Docker, Kubernetes, CI systems and shells",
        r"(?i)(?:restarting|exited) \(132\)|exit(?:ed)?(?: with)?(?: (?:status|code|value))?:? ?"
        r"\(?(?:code |status )?132\b|(?:code|status)\"?[:= ]{1,3}132\b|Error 132\b",
        0.84,
    ),
    Text(
        "status=4",
        "it used an instruction that this CPU does not have",
        "systemd (code=dumped, status=4/ILL)",
        r"status=4/ILL",
        0.9,
    ),
)
_TOLD = ("Illegal Instruction", "Invalid instruction", "invalid instruction")
_CPU = (
    r"(?i)\bAVX|\bSSE|armv?[5-8]|\bpi zero|raspberry|\bold(?:er)? cpu|GOAMD64|GOARM"
    r"|x86-64-v[2-4]|\bFMA\b"
)
_BARE = ("SIGILL", "Illegal instruction", "illegal instruction", "illegal hardware instruction")
#: ud2 and brk are how compilers stop a program: not a matter of the CPU.
_TRAPS = (
    "Fatal error: ",
    "fatalError",
    "_swift_runtime_on_report",
    "__builtin_trap",
    "libswiftCore",
    "Assertion failed",
    "assertion failed",
    "panicked at",
    "abort() called",
    "UndefinedBehaviorSanitizer",
    "-fsanitize",
    "Swift/",
    "CFI",
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """One finding; a bare SIGILL counts less where a compiler's own trap is likely, and words
    of people only where they speak of processors."""
    hits = [
        hit for hit in hits if hit.text.needle not in _TOLD or re.search(_CPU, log.text[:200_000])
    ]
    if not hits:
        return
    best = surest(hits)
    confidence = best.text.confidence
    bare = best.text.needle in _BARE
    if bare and log.has(*_TRAPS):
        confidence = 0.4
    if best.text.needle in _NAMED and not _failed(log):
        confidence = 0.5
    translator = translator_of(log)
    level = best.group("level")
    feature = best.group("feature") or best.group("feature2")
    message = best.text.says.format(
        level=level, feature=feature or "a CPU feature", isa=best.group("isa")
    )
    if translator:
        message += f" (it runs under {translator}, which offers less than a real CPU)"
    yield said(
        best,
        hits,
        message=message,
        remedies=_advice(log, best, translator, level),
        confidence=confidence,
    )


def _failed(log: Log) -> bool:
    return log.has("rror", "bort", "exit", "xited", "crash", "llegal", "FATAL", "core dumped")


def _advice(log: Log, hit: Hit, translator: str, level: str) -> Iterator[Remedy]:
    see = "grep -m1 -E '^(flags|Features)' /proc/cpuinfo"
    if log.platform.os == "darwin":
        see = "sysctl machdep.cpu"
    if "This program can only" in hit.line or log.has("goroutine "):
        arm = "arm64" in log.platform.isas[:1] or "ARM" in hit.group("isa")
        setting = "GOARM64=v8.0" if arm else "GOAMD64=v1"
        yield Remedy(
            f"Build it for the lowest level that must run it (asked for was {level or 'more'})",
            f"{setting} go build .",
            safe=True,
            verify="go version -m PROGRAM | grep -E 'GO(AMD64|ARM64|ARM)='",
        )
    if translator == "qemu" or log.has("uncaught target signal 4"):
        yield Remedy(
            "Let qemu show its fullest CPU",
            "QEMU_CPU=max PROGRAM",
            safe=True,
            verify="qemu-x86_64 -cpu help",
        )
    elif translator:
        yield Remedy("Use the build for arm64: Rosetta has no AVX before macOS 15")
    if log.says("VirtualBox", "Proxmox", "KVM", "kvm64", "qemu64", "VMware", "Synology", "Hyper-V"):
        yield Remedy(
            "Give the virtual machine the host's CPU model", "qm set VMID --cpu host", verify=see
        )
    yield Remedy(
        "Take a build for an older CPU (baseline, -march=x86-64), or run it on a newer one",
        verify=see,
    )


RULE = Rule("run.cpu-feature", (Kind.BINARY,), (b.ISA,), (h.ISA,), judge, TEXTS, weigh)
