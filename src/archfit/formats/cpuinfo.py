"""/proc/cpuinfo: the first processor's fields.

The kernel writes one block a processor, blocks apart by an empty line; keys differ by
ISA: ``flags`` (x86), ``Features`` (arm, arm64, loongarch), ``isa`` (riscv),
``features`` (s390), ``cpu`` (powerpc).

Sources: Linux arch/x86/kernel/cpu/proc.c, arch/arm64/kernel/cpuinfo.c,
arch/riscv/kernel/cpu.c, arch/s390/kernel/processor.c, arch/powerpc/kernel/setup-common.c.
"""

from __future__ import annotations


def first_cpu(text: str) -> dict[str, str]:
    """Fields of the first block, and of the header some ISAs put before it."""
    found: dict[str, str] = {}
    for line in text.splitlines()[:256]:
        key, colon, value = line.partition(":")
        if not colon:
            if "processor" in found or "flags" in found:
                break
            continue
        found.setdefault(key.strip(), value.strip())
    return found


def family(fields: dict[str, str]) -> str | None:
    """Which ISA the file speaks of: amd64 (also 386), arm64 (also arm), riscv64 ... or None."""
    if "vendor_id" in fields and "flags" in fields:
        return "amd64"
    if "CPU implementer" in fields:
        return "arm64"
    if "isa" in fields and fields["isa"].startswith("rv"):
        return "riscv64" if fields["isa"].startswith("rv64") else "riscv"
    if fields.get("vendor_id", "").startswith("IBM/S390"):
        return "s390x"
    if "cpu" in fields and "revision" in fields:
        return "ppc64"
    if "CPU Family" in fields and fields["CPU Family"].startswith("Loongson"):
        return "loong64"
    return None


def features(fields: dict[str, str]) -> list[str]:
    """Feature words as the kernel writes them."""
    for key in ("flags", "Features", "features"):
        if key in fields:
            return fields[key].split()
    if "isa" in fields:
        return [fields["isa"]]
    return []
