"""Which machine an ELF file is for: e_machine and e_flags in the field's names.

ISAs have Go's spelling where Go has one (``go tool dist list`` and the reserved
names of go/build/syslist.go, go1.27), else the usual name of the port. Sources:

* e_machine numbers: the gABI registry as in glibc 2.42 elf/elf.h and
  binutils 2.40 include/elf/common.h (numbers above 32768 are unofficial).
* ARM e_flags: ELF for the Arm Architecture (IHI 0044) 5.5.2, table of e_flags.
* MIPS: elf/elf.h EF_MIPS_* and MIPS ABIs described in binutils include/elf/mips.h.
* PowerPC64: OpenPOWER ELF V2 ABI 1.5, 4.1 (the lowest two bits of e_flags).
* RISC-V: ELF psABI 1.0, "File Header". LoongArch: ELF psABI 2.30, e_flags.
"""

from __future__ import annotations

#: e_machine -> ISA, as it is called for 64-bit (or only) use; `identify` refines it.
NAMES = {
    1: "we32100", 2: "sparc", 3: "386", 4: "m68k", 5: "m88k", 6: "iamcu", 7: "i860", 8: "mips",
    9: "s370", 10: "mips", 15: "hppa", 17: "vpp500", 18: "sparc", 19: "i960", 20: "ppc",
    21: "ppc64", 22: "s390", 23: "spu", 36: "v800", 37: "fr20", 38: "rh32", 39: "rce",
    40: "arm", 41: "alpha", 42: "sh", 43: "sparc64", 44: "tricore", 45: "arc", 46: "h8300",
    47: "h8300h", 48: "h8s", 49: "h8500", 50: "ia64", 51: "mips-x", 52: "coldfire",
    53: "68hc12", 54: "mma", 55: "pcp", 56: "ncpu", 57: "ndr1", 58: "starcore", 59: "me16",
    60: "st100", 61: "tinyj", 62: "amd64", 63: "pdsp", 64: "pdp10", 65: "pdp11", 66: "fx66",
    67: "st9plus", 68: "st7", 69: "68hc16", 70: "68hc11", 71: "68hc08", 72: "68hc05",
    73: "svx", 74: "st19", 75: "vax", 76: "cris", 77: "javelin", 78: "firepath", 79: "zsp",
    80: "mmix", 81: "huany", 82: "prism", 83: "avr", 84: "fr30", 85: "d10v", 86: "d30v",
    87: "v850", 88: "m32r", 89: "mn10300", 90: "mn10200", 91: "picojava", 92: "or1k",
    93: "arc", 94: "xtensa", 95: "videocore", 96: "tmm-gpp", 97: "ns32k", 98: "tpc",
    99: "snp1k", 100: "st200", 101: "ip2k", 102: "max", 103: "cr", 104: "f2mc16",
    105: "msp430", 106: "blackfin", 107: "s1c33", 108: "sep", 109: "arca", 110: "unicore",
    111: "excess", 112: "dxp", 113: "nios2", 114: "crx", 115: "xgate", 116: "c166",
    117: "m16c", 118: "dspic30f", 119: "ce", 120: "m32c", 131: "tsk3000", 132: "rs08",
    133: "sharc", 134: "ecog2", 135: "score7", 136: "dsp24", 137: "videocore3", 138: "lm32",
    139: "s1c17", 140: "c6000", 141: "c2000", 142: "c5500", 143: "arp32", 144: "pru",
    160: "mmdsp-plus", 161: "cypress-m8c", 162: "r32c", 163: "trimedia", 164: "hexagon",
    165: "8051", 166: "stxp7x", 167: "nds32", 168: "ecog1x", 169: "maxq30", 170: "ximo16",
    171: "manik", 172: "craynv2", 173: "rx", 174: "metag", 175: "e2k", 176: "ecog16",
    177: "cr16", 178: "etpu", 179: "sle9x", 180: "l1om", 181: "k1om", 183: "arm64",
    185: "avr32", 186: "stm8", 187: "tile64", 188: "tilepro", 189: "microblaze", 190: "cuda",
    191: "tilegx", 192: "cloudshield", 193: "corea-1st", 194: "corea-2nd", 195: "arcv2",
    196: "open8", 197: "rl78", 198: "videocore5", 199: "78k0r", 200: "56800ex", 201: "ba1",
    202: "ba2", 203: "xcore", 204: "pic", 205: "intelgt", 206: "intel206", 207: "intel207",
    208: "intel208", 209: "intel209", 210: "km32", 211: "kmx32", 212: "kmx16", 213: "kmx8",
    214: "kvarc", 215: "cdp", 216: "coge", 217: "cool", 218: "norc", 219: "kalimba",
    220: "z80", 221: "visium", 222: "ft32", 223: "moxie", 224: "amdgpu", 243: "riscv",
    244: "lanai", 245: "ceva", 246: "ceva-x2", 247: "bpf", 248: "graphcore-ipu", 249: "img1",
    250: "nfp", 251: "ve", 252: "csky", 253: "arcv3-64", 254: "mcs6502", 255: "arcv3",
    256: "kvx", 257: "65816", 258: "loong64", 259: "kf32", 260: "u16-u8core", 261: "tachyum",
    262: "56800ef",
    0x1057: "avr", 0x1059: "msp430", 0x1223: "epiphany", 0x2530: "mt", 0x3330: "fr30",
    0x4157: "wasm", 0x4DEF: "s12z", 0x5441: "frv", 0x5AA5: "dlx", 0x7650: "d10v",
    0x7676: "d30v", 0x9025: "ppc", 0x9026: "alpha", 0x9041: "m32r", 0x9080: "v850",
    0xA390: "s390", 0xABC7: "xtensa", 0xAD45: "xstormy16", 0xBAAB: "microblaze",
    0xBEEF: "mn10300", 0xDEAD: "mn10200", 0xF00D: "mep", 0xFEB0: "m32c", 0xFEBA: "iq2000",
    0xFEED: "moxie",
}  # fmt: skip

_RISCV_FLOAT = ("", "f", "d", "q")
_LOONG_FLOAT = {1: "s", 2: "f", 3: "d"}
_MIPS_ABI = {0x1000: "o32", 0x2000: "o64", 0x3000: "eabi32", 0x4000: "eabi64"}


def identify(machine: int, bits: int, little: bool, flags: int) -> tuple[str, str | None]:
    """(ISA, variant) of a file with this e_machine, class, byte order and e_flags.

    The variant is None where the header says no more than the ISA. An e_machine
    without a name is ``em-<number>``.
    """
    if machine == 62:
        return "amd64", None if bits == 64 else "x32"
    name = NAMES.get(machine)
    if name is None:
        return f"em-{machine}", None
    refine = _REFINE.get(name)
    return refine(bits, little, flags) if refine is not None else (name, None)


def _arm64(bits: int, little: bool, flags: int) -> tuple[str, str | None]:
    return "arm64" if little else "arm64be", None if bits == 64 else "ilp32"


def _arm(bits: int, little: bool, flags: int) -> tuple[str, str | None]:
    # Float bits mean something in EABI version 5 only; before it 0x200 was EF_ARM_SOFT_FLOAT.
    variant = None
    if flags >> 24 == 5:
        variant = "armhf" if flags & 0x400 else "armel" if flags & 0x200 else None
    elif flags >> 24 == 0:
        variant = "oabi"
    return "arm" if little else "armbe", variant


def _mips(bits: int, little: bool, flags: int) -> tuple[str, str | None]:
    if bits == 64:
        wide, abi = True, "n64"
    elif flags & 0x20:  # EF_MIPS_ABI2
        wide, abi = True, "n32"
    else:
        wide, abi = False, _MIPS_ABI.get(flags & 0xF000, "o32")
    if flags >> 28 in (9, 10):  # EF_MIPS_ARCH_32R6, EF_MIPS_ARCH_64R6
        abi += "-r6"
    elif flags & 0x400:  # EF_MIPS_NAN2008, which r6 implies
        abi += "-nan2008"
    return ("mips64" if wide else "mips") + ("le" if little else ""), abi


def _ppc(bits: int, little: bool, flags: int) -> tuple[str, str | None]:
    return "ppcle" if little else "ppc", None


def _ppc64(bits: int, little: bool, flags: int) -> tuple[str, str | None]:
    abi = {1: "elfv1", 2: "elfv2"}.get(flags & 3)
    return "ppc64le" if little else "ppc64", abi


def _s390(bits: int, little: bool, flags: int) -> tuple[str, str | None]:
    return "s390x" if bits == 64 else "s390", None


def _riscv(bits: int, little: bool, flags: int) -> tuple[str, str | None]:
    base = "lp64" if bits == 64 else "ilp32"
    if flags & 8:  # EF_RISCV_RVE
        return f"riscv{bits if bits == 64 else ''}", base + "e"
    return f"riscv{bits if bits == 64 else ''}", base + _RISCV_FLOAT[flags >> 1 & 3]


def _loong(bits: int, little: bool, flags: int) -> tuple[str, str | None]:
    base = "lp64" if bits == 64 else "ilp32"
    float_abi = _LOONG_FLOAT.get(flags & 7)
    return f"loong{bits}", base + float_abi if float_abi is not None else None


def _hppa(bits: int, little: bool, flags: int) -> tuple[str, str | None]:
    return "hppa64" if bits == 64 else "hppa", None


def _bpf(bits: int, little: bool, flags: int) -> tuple[str, str | None]:
    return "bpfel" if little else "bpfeb", None


_REFINE = {
    "arm64": _arm64,
    "arm": _arm,
    "mips": _mips,
    "ppc": _ppc,
    "ppc64": _ppc64,
    "s390": _s390,
    "riscv": _riscv,
    "loong64": _loong,
    "hppa": _hppa,
    "bpf": _bpf,
}
