"""Programs that run other machines' programs, by their file names.

Sources: qemu's linux-user targets (qemu-ISA, Debian's -static and -binfmt-P);
Apple, "Running Intel binaries in Linux VMs with Rosetta" (a program called rosetta);
FEX-Emu (FEXInterpreter, FEX), box64 and box86 by their install targets.
"""

from __future__ import annotations

from archfit.platforms.isa import of_qemu

_OTHERS = {
    "rosetta": ("rosetta-linux", "amd64"),
    "FEXInterpreter": ("fex", "amd64"),
    "FEX": ("fex", "amd64"),
    "box64": ("box64", "amd64"),
    "box86": ("box86", "386"),
}


def translator_of(program: str) -> tuple[str, str] | None:
    """(translator, ISA that it runs) for a program's path; None for any other program."""
    isa = of_qemu(program)
    if isa is not None:
        return "qemu-user", isa
    return _OTHERS.get(program.rsplit("/", 1)[-1])
