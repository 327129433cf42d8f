"""Options of C compilers, assemblers and linkers that only one family of machines has.

A compiler that does not know such an option is for another machine; one that does not know
any other option was given a flag that was meant for another compiler or language.
"""

from __future__ import annotations

import re

from archfit.model.text import Text

#: GCC's manual, "Machine-Dependent Options" (x86, AArch64, ARM, Darwin, RISC-V, PowerPC,
#: MIPS, s390, Cygwin and MinGW), and clang's command line reference of the same.
_FLAG = (
    r"-m(?:64|32|16|x32|31|arm|thumb|threads|windows|console|dll|fpu=|float-abi|cpu=|cpu\b|arch=|tune="
    r"|abi=|avx|sse|ssse|fma|aes|pclmul|popcnt|bmi|lzcnt|f16c|fpmath=|3dnow|mmx|cmodel=|red-zone"
    r"|no-red-zone|no-sse|no-mmx|no-avx|little-endian|big-endian|altivec|vsx|power\d|neon|strict-align"
    r"|outline-atomics|no-outline-atomics|general-regs-only|branch-protection|macosx-version-min"
    r"|macos-version-min|ios-version-min|iphoneos-version-min|ios-simulator|fix-cortex|unaligned"
    r"|hard-float|soft-float|msa|dsp|nan=|zarch|shstk|stackrealign|xsave|sha\b|rdrnd|rdseed|adx\b"
    r"|movbe|tls-dialect|accumulate-outgoing-args|preferred-stack-boundary|asm=)"
    r"|-(?:march|mcpu|mtune)\b|-arch(?:\b|=)|-EL\b|-EB\b|--32\b|--64\b|-fcf-protection"
    r"|-pagezero_size|-platform_version|-headerpad|-Wa,-march"
)
#: Options that only Apple's tools have: a sign of GOOS=darwin in a Go build, else a flag
#: that strayed.
_APPLE = (
    r"-(?:framework|dead_strip|search_paths_first|headerpad|install_name|current_version"
    r"|compatibility_version|bind_at_load|isysroot|fembed-bitcode"
    r"|pagezero_size|syslibroot|dynamiclib|flat_namespace|undefined|Wl,-dead_strip|iwithsysroot)"
)


def for_one_machine(flag: str) -> bool:
    """The option belongs to one family of machines."""
    return re.match(_FLAG, flag) is not None


def for_apple(flag: str) -> bool:
    """Only Apple's compiler or linker has the option."""
    return re.match(_APPLE, flag) is not None


_OPTION = "the compiler does not know the option {flag}"
_QUOTED = r"[‘'\"“`«»]?(?P<flag>-[^\s’'\"”`»;\]]{1,80})"
_TRIED = ("checking ", "configure:", "-qversion", "‘-V’", "'-V'", "-- Performing Test")

#: Options that a compiler refuses; whether one belongs to a machine is weighed.
OPTIONS = (
    Text(
        "unrecognized command",
        _OPTION,
        "gcc/opts-common.cc (cmdline_handle_error), gcc.cc; `command line` before GCC 10",
        r"[:：] ?unrecognized command[- ]line option " + _QUOTED,
        unless=_TRIED,
    ),
    Text(
        "无法识别的命令行选项",
        _OPTION,
        "gcc/po/zh_CN.po",
        r"无法识别的命令行选项" + _QUOTED,
    ),
    Text(
        "nicht erkannte Kommandozeilenoption",
        _OPTION,
        "gcc/po/de.po",
        r"nicht erkannte Kommandozeilenoption " + _QUOTED,
    ),
    Text(
        "non reconnue",
        _OPTION,
        "gcc/po/fr.po",
        r"ligne de commande « (?P<flag>-[^»\n]{1,80}) » non reconnue",
    ),
    Text(
        "не распознан параметр командной строки",
        _OPTION,
        "gcc/po/ru.po",
        r"не распознан параметр командной строки " + _QUOTED,
    ),
    Text(
        "を認識できません",
        _OPTION,
        "gcc/po/ja.po",
        r"オプション ?[‘'`「](?P<flag>-[^’'」\n]{1,80})[’'」] ?を認識できません",
    ),
    Text(
        "unrecognized argument",
        _OPTION,
        "gcc/opts-common.cc (unrecognized argument in option)",
        r"error: unrecognized argument in option " + _QUOTED,
        unless=_TRIED,
    ),
    Text(
        "argument unused during compilation",
        _OPTION,
        "clang Driver.cpp (warn_drv_unused_argument with -Werror, as cmd/go asks since 1.20)",
        r"error: argument unused during compilation: '(?P<flag>-[^'\n]{1,80})'",
    ),
    Text(
        "unsupported option",
        _OPTION,
        "clang DiagnosticDriverKinds.td (err_drv_unsupported_opt_for_target)",
        r"error: unsupported option '(?P<flag>-[^'\n]{1,80})'(?: for target)?",
    ),
    Text(
        "unsupported argument",
        _OPTION,
        "clang DiagnosticDriverKinds.td (err_drv_unsupported_option_argument)",
        r"error: unsupported argument '[^'\n]{1,80}' to option '(?P<flag>-?[a-z][^'\n]{1,80})'",
    ),
    Text(
        "unknown argument",
        _OPTION,
        "clang DiagnosticDriverKinds.td (err_drv_unknown_argument); lld Driver.cpp",
        r"error: unknown argument:? '(?P<flag>-[^'\n]{1,80})'",
    ),
    Text(
        "is not supported for this target",
        _OPTION,
        "gcc/opts.cc, config/*/*.cc (-fcf-protection, -fsplit-stack ...)",
        r"error: " + _QUOTED + r"[’'\"]? is not supported for this target",
    ),
    Text(
        "unrecognized option",
        _OPTION,
        "GNU ld, gas (getopt)",
        r"(?:ld(?:\.\w{2,5})?|as)(?:\.exe)?: (?:Error: )?unrecognized option [`'](?P<flag>-"
        r"[^'\n]{1,80})'",
    ),
    Text(
        "compiler does not support",
        _OPTION,
        "clang Driver/ToolChains/Clang.cpp (the clang compiler does not support '-march=native')",
        r"error: the clang compiler does not support '(?P<flag>-[^'\n]{1,80})'",
    ),
    Text(
        "unknown options",
        _OPTION,
        "Apple's linker since Xcode 15 (unknown options: -a -b)",
        r"\bld: unknown options: (?P<flag>-\S{1,80})",
    ),
    Text(
        "unknown option",
        _OPTION,
        "ld64 Options.cpp; ld (Apple, since Xcode 15) `unknown options:`",
        r"\bld: unknown options?: (?P<flag>-\S{1,80})",
    ),
)
