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

from collections.abc import Iterator

from archfit.facts import binary as b
from archfit.facts import go
from archfit.facts import host as h
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.rules.fit import fit, proof

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
        package = go.PATH.of(facts) or "."
        return Remedy(
            f"Build it with {setting}",
            f"{setting} go build {package}",
            True,
            "archfit check {subject}",
        )
    return Remedy(f"Build it with -march={level}", verify="archfit check {subject}")


def _level(text: object) -> int:
    """2 of `x86-64-v2` or `v2`; 1 of the baseline, 0 of anything else."""
    word = str(text or "").rpartition("v")[2]
    return int(word) if word.isascii() and word.isdigit() else int("baseline" in str(text))


RULE = Rule("run.cpu-feature", (Kind.BINARY,), (b.ISA,), (h.ISA,), judge)
