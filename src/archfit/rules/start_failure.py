"""A program that could not be started: what tools print of it, and whom the text blames.

execve(2) has answers that many causes share. ENOEXEC: the program is of another ISA, or a
script without a first line; EBADARCH is macOS's word for the former. ENOENT for a file that
is there: its loader is absent, or its script interpreter. Which one it is stands elsewhere
in the text, if at all; this file reads the signs, so that of the rules which share a
message one answers first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from archfit.formats.log import Log
from archfit.model.text import Hit, Text

_FOREIGN = "it was built for another processor or system than the one it is started on"
#: Kernel modules and libraries give ENOEXEC too; headers and manuals only list it.
_OTHERS = (
    "could not insert",
    "insmod",
    "modprobe",
    "init_module",
    "#define",
    "errno.h",
    "loading shared libr",
    "Error relocating",
    "dlopen(",
    "bad interpreter",
)

#: ENOEXEC and EBADARCH, as tools print them.
ENOEXEC: tuple[Text, ...] = (
    Text(
        "exec format error",
        _FOREIGN,
        "Go syscall (fork/exec PATH: ...), runc libcontainer/standard_init_linux.go, zsh exec.c",
        confidence=0.86,
        unless=_OTHERS,
    ),
    Text(
        "Exec format error",
        _FOREIGN,
        "strerror(ENOEXEC) of glibc, musl and BSD in bash, dash, env, Python, Rust, Java, crun ...",
        confidence=0.86,
        unless=_OTHERS,
    ),
    Text(
        "cannot execute binary file",
        _FOREIGN,
        "bash execute_cmd.c (shell_execve); before 4.0 without strerror",
        confidence=0.86,
        unless=("without cannot",),
    ),
    Text(
        "Bad CPU type in executable",
        "it is for a processor that this Mac does not run",
        "macOS strerror(EBADARCH 86) in bash, env, Java (error=86), Rust, posix_spawn",
        confidence=0.93,
    ),
    Text(
        "bad CPU type in executable",
        "it is for a processor that this Mac does not run",
        "zsh exec.c (strerror in lower case), Go syscall on darwin",
        confidence=0.93,
    ),
    Text(
        "ENOEXEC",
        _FOREIGN,
        "Node.js child_process (libuv uv_spawn)",
        r"spawn(?:Sync)? [^\n]{0,300}ENOEXEC|code: 'ENOEXEC'|Errno::ENOEXEC",
        0.82,
    ),
    Text(
        "Unknown system error",
        _FOREIGN,
        "Node.js: libuv has no name for EBADARCH (-86), and for ENOEXEC (-8) in old releases",
        r"Unknown system error -(?:86|8)\b",
        0.85,
    ),
    Text(
        "the file could not be run by the operating system",
        _FOREIGN,
        "fish src/postfork.cpp (ENOEXEC)",
        confidence=0.86,
    ),
    Text(
        "可执行文件格式错误",
        _FOREIGN,
        "glibc po/zh_CN.po (ENOEXEC)",
        confidence=0.86,
        unless=_OTHERS,
    ),
    Text(
        "无法执行二进制文件",
        _FOREIGN,
        "bash po/zh_CN.po (cannot execute binary file)",
        confidence=0.86,
    ),
    Text(
        "Fehler im Format der Programmdatei",
        _FOREIGN,
        "glibc po/de.po (ENOEXEC)",
        confidence=0.86,
        unless=_OTHERS,
    ),
    Text(
        "Erreur de format pour exec",
        _FOREIGN,
        "glibc po/fr.po (ENOEXEC)",
        confidence=0.86,
        unless=_OTHERS,
    ),
    Text("Formato de ejecutable", _FOREIGN, "glibc po/es.po (ENOEXEC)", confidence=0.86),
    Text(
        "Ошибка формата выполняемого файла", _FOREIGN, "glibc po/ru.po (ENOEXEC)", confidence=0.86
    ),
    Text("実行形式エラー", _FOREIGN, "glibc po/ja.po (ENOEXEC)", confidence=0.86),
    Text("バイナリファイルを実行できません", _FOREIGN, "bash po/ja.po", confidence=0.86),
)

_ABSENT = "the file is there, but what it names to start it with is not"

#: ENOENT for a file that is there, as tools print it.
ENOENT: tuple[Text, ...] = (
    Text(
        "required file not found",
        _ABSENT,
        "bash 5.2 execute_cmd.c (cannot execute: required file not found)",
        r"cannot execute: required file not found",
    ),
    Text(
        "exec user process caused",
        _ABSENT,
        "runc 1.0 and older, libcontainer/standard_init_linux.go",
        r"exec user process caused:? \\{0,3}[\"']?no such file or directory",
    ),
    Text(
        "no such file or directory",
        _ABSENT,
        "runc 1.1 and later, libcontainer/standard_init_linux.go (`exec PATH: ...`)",
        r"(?:^|[\s\"`'|:=])exec \\?[\"']?/?[\w./@+-]{1,200}\\?[\"']?: no such file or directory",
    ),
    Text(
        "Check the interpreter or linker",
        _ABSENT,
        "fish src/postfork.cpp (ENOENT of a file that is there)",
    ),
    Text(
        "exec container process",
        _ABSENT,
        "crun libcrun/container.c (exec container process (missing dynamic library?) `PATH`)",
        r"exec container process (?:\(missing dynamic library\?\) )?`[^`'\n]{1,200}[`']: "
        r"No such file or directory",
    ),
)

_PATHS = (
    r"Failed to execute process '([^'\n]{1,200})'",
    r"exec format error: '?([^\s:']{1,200})",
    r"Exec format error: b?['\"]([^'\"\n]{1,200})['\"]",
    r"(?:Bad|bad) CPU type in executable: ([^\s:]{1,200})",
    r"fork/exec ([^:\n]{1,200}): ",
    r"exec container process [^`\n]{0,40}`([^`'\n]{1,200})[`']",
    r"(?:Cannot run program|Failed to exec|could not execute process `?|exec:?) "
    r"\\?[\"'`]([^\"'`\\\n]{1,200})",
    r"(?:^|[\s|`'\"])exec ([^\s:\"]{1,200}): ",
    r"spawning ([^\s:]{1,200}): ",
    r"spawn(?:Sync)? ([^\s:]{1,200}) (?:ENOEXEC|Unknown|EBADARCH)",
    r"['‘\"`]([^\s'’\"`:]{1,200})['’\"`]: (?:Bad CPU|Exec format|cannot exec)",
    r"([^\s:'\"`(\[]{1,200}): (?:cannot execute|Exec format|[Bb]ad CPU|exec format)",
    r"([^\s:'\"`(\[]{1,200}): (?:line \d{1,6}: )?[^\s:]{1,200}: (?:cannot execute|Exec format)",
)


def path_of(hit: Hit) -> str:
    """The file that could not be started, "" when the message does not name it."""
    for pattern in _PATHS:
        found = re.search(pattern, hit.line)
        if found is not None:
            return found[1]
    return ""


#: A host or a container that is told to translate, or an image of a named platform.
_TRANSLATION = (
    "--platform",
    "binfmt",
    "qemu-user",
    "qemu-aarch64",
    "qemu-arm",
    "qemu-x86_64",
    "qemu-riscv64",
    "qemu-s390x",
    "qemu-ppc64le",
    "multiarch/",
    "setup-qemu-action",
    "buildkit_qemu_emulator",
    "platforms:",
    "Rosetta",
    "rosetta",
    "DOCKER_DEFAULT_PLATFORM",
    "platform: linux/",
    "buildx",
    "arch -x86_64",
    "arch -arm64",
    "WSLInterop",
    "--second-stage",
    "debootstrap",
    "USE_QEMU",
)
#: BuildKit and buildx name the platform of a step when several are built.
_STEP_PLATFORM = (
    r"\[(?:linux|windows)/[a-z0-9]{2,10}(?:/v\d)?(?:->[a-z0-9/]{2,24})? [^\]\n]{1,80}\]"
)
#: Docker and podman say that the image is for another platform, unasked.
OTHER_PLATFORM = (
    "does not match the detected host platform",
    "no specific platform was requested",
    "does not match the expected platform",
)
#: A container starts the program: what is wrong is the image rather than a script in it.
CONTAINER_SIGNS = (
    "docker",
    "container",
    "podman",
    "kubectl",
    "exec user process",
    "lambda-entrypoint",
    "InvalidEntrypoint",
)
_SCRIPT_WORDS = (
    "shebang",
    "#!/",
    "#! /",
    "hashbang",
    "CRLF",
    "dos2unix",
    "line endings",
    "shell script",
    "bash script",
    "ASCII text",
    "autocrlf",
)
_SCRIPT_NAME = (
    r"\.(?:sh|bash|py|pl|rb|js|php|zsh|ksh|csh|command|cgi)\b|entrypoint|gradlew|mvnw|/init$"
)
_BINARY_WORDS = (
    "ELF 64-bit",
    "ELF 32-bit",
    "CGO_ENABLED",
    "go build",
    "FROM scratch",
    "from scratch",
    "ld-linux",
    "ld-musl",
    "gcompat",
    "libc6-compat",
    "dynamically linked",
    "golang",
    "cargo build",
    "musl",
    "glibc",
    "rustc",
    "interpreter /lib",
    "distroless",
    "static binary",
    "i386",
)


def translation_meant(log: Log) -> str:
    """The sign in the text that a translator was meant to run the program, or ""."""
    for sign in _TRANSLATION:
        if log.says(sign):
            return sign
    step = re.search(_STEP_PLATFORM, log.text)
    return step[0] if step else ""


#: A script's text stands there, and its first line is not `#!`: it is announced, or the `#` of
#: the first line was forgotten.
_FIRST_LINE = (
    r"^!/(?:usr/)?bin/\w{2,10}\b"
    r"|\b[\w./-]{1,80}\.(?:sh|bash)`? (?:containing|contains|that contains|is|looks like)"
    r"[^\n]{0,40}:\s*\n(?:\s*```\w*\s*\n)?\s*(?!#!)[a-z]\w"
    r"|(?:shebang|#!)[^\n]{0,60}(?:not (?:in|on) the (?:1st|first) line|missing|lack|without)"
    r"|(?:missing|lack\w*|without|no|forgot\w*)[^\n]{0,30}(?:shebang|#!)"
)
#: The build of the image is shown, in which a script of its own is what is started.
_OWN_SCRIPT = r"(?:ENTRYPOINT|CMD)\s*\[?\s*[\"'][^\n]{0,120}\.(?:sh|bash)\b"
_ISA_WORDS = (
    r"(?i)\barm\w{0,6}\b|aarch64|\b(?:linux|darwin)/|apple|\bM[1-5]\b|raspberry|x86|amd64|graviton"
)


def without_first_line(log: Log, path: str) -> float:
    """How sure it is that the program which the kernel refuses is a script without `#!`: its
    text is shown, or it is one of the image's own and no processor is spoken of."""
    if re.search(_FIRST_LINE, log.text, re.MULTILINE | re.IGNORECASE):
        return 0.88
    own = script_named(path) and "docker-entrypoint" not in path
    if own and re.search(_OWN_SCRIPT, log.text) and not re.search(_ISA_WORDS, log.text):
        return 0.7
    return 0.0


def other_platform(log: Log) -> bool:
    """The text says that the image which was pulled is for another platform."""
    return log.says(*OTHER_PLATFORM)


def script_named(path: str) -> bool:
    """The name is that of a script."""
    return bool(re.search(_SCRIPT_NAME, path.lower()))


def kind_of(log: Log, path: str) -> str:
    """What the file is that could not be started, by its name and by what the text says of
    it: script, binary or "" when nothing tells."""
    script, binary = log.says(*_SCRIPT_WORDS), log.says(*_BINARY_WORDS)
    if script_named(path):
        return "script"
    if script != binary:
        return "script" if script else "binary"
    return ""


def named(hits: Iterable[Hit]) -> str:
    """The first file that a message names, "" when none does."""
    return next((path for path in map(path_of, hits) if path), "")


_TRANSLATORS = (
    ("qemu", r"\bqemu\b(?!-system)|QEMU|buildkit_qemu"),
    ("Rosetta", r"[Rr]osetta|sysctl\.proc_translated: 1"),
    ("box64", r"(?i)\bbox(?:64|86)\b"),
    ("FEX", r"\bFEX(?:-Emu|Interpreter)?\b"),
)
_MAC_CHIP = r"\bM[1-5]\b(?: Pro| Max| Ultra| Mac)?|[Aa]pple [Ss]ilicon"
_X86_IMAGE = r"linux/(?:amd64|x86_64)|x86_64 (?:image|container)|amd64 (?:image|cont)"


def out_of_reach(line: str) -> bool:
    """Go's runtime for amd64 was given an address that Linux gives no amd64 program: it extends
    the sign (runtime/lfstack.go), and bit 47 was set, as on a 64-bit ARM machine."""
    return re.search(r"-> node=0xffff[0-9a-f]{12}\b", line) is not None


def translator_of(log: Log) -> str:
    """The translator that the program ran under, by name, as the text tells; "" for none."""
    spoken = f"{log.told}\n{log.text}"
    for name, sign in _TRANSLATORS:
        if re.search(sign, spoken):
            return name
    if re.search(_MAC_CHIP, spoken) and re.search(_X86_IMAGE, spoken):
        return "the translator of Docker Desktop"
    return ""
