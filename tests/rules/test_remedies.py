"""Remedies over facts: each command is one that exists, for this host, and loses nothing."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from archfit.engine.examiner import Examiner
from archfit.engine.host_facts import gather
from archfit.host.recorded import Recorded
from archfit.model.fact import Fact, Trust
from archfit.model.finding import Finding, Remedy
from archfit.model.scene import Scene
from archfit.model.subject import Kind, Subject

RECORDED = Path(__file__).parent.parent / "recorded"
DEBIAN = "Debian GNU/Linux 12 (bookworm)"
GO = {"go.version": "go1.26.8", "go.path": "example.org/x/cmd/hello"}
#: A program for Linux on amd64 whose loader is absent.
LOST: dict[str, Any] = {
    "binary.format": "elf",
    "binary.isa": "amd64",
    "binary.os": "linux",
    "binary.type": "executable",
    "binary.slices": [{"isa": "amd64", "os": "linux"}],
    "binary.loader": "/lib64/ld-linux-x86-64.so.2",
    "binary.libc": "glibc",
    "binary.loader_found": {"path": None},
}
LOST_386 = LOST | {
    "binary.isa": "386",
    "binary.slices": [{"isa": "386", "os": "linux"}],
    "binary.loader": "/lib/ld-linux.so.2",
}
ARM: dict[str, Any] = {
    "host.os": "linux",
    "host.isa": "arm64",
    "host.runs": ["arm64"],
    "host.os_name": DEBIAN,
    "host.container": "none",
    "host.libc": "glibc",
    "host.libc_version": "2.31",
}
AMD: dict[str, Any] = ARM | {"host.isa": "amd64", "host.runs": ["amd64", "386"]}


def row(name: str, path: str | None, **more: object) -> list[dict[str, object]]:
    one = {"name": name, "isa": "amd64", "interpreter": path, "enabled": True, "exists": True}
    return [one | more]


QEMU = row("qemu-x86_64", "/usr/bin/qemu-x86_64-static", flags="OCF")
ROSETTA = row("rosetta", "/mnt/lima-rosetta/rosetta", flags="OCF")


@cache
def recorded(name: str) -> dict[str, Fact]:
    facts, _ = gather(Recorded(json.loads((RECORDED / f"{name}.json").read_text())), costly=True)
    return facts


def plain(table: dict[str, Any]) -> dict[str, Fact]:
    return {key: Fact(value, Trust.HEADER, "case") for key, value in table.items()}


def found(
    rule: str,
    facts: dict[str, Any],
    host: dict[str, Any] | str,
    kind: Kind = Kind.BINARY,
    name: str = "prog",
) -> Finding:
    about = recorded(host) if isinstance(host, str) else plain(host)
    result = Examiner(Scene(None, about, None), (), ()).judge(
        Subject("case", kind, name), plain(facts)
    )
    return next(finding for finding in result.findings if finding.rule == rule)


def commands(*args: Any, **more: Any) -> list[str]:
    return [remedy.command for remedy in found(*args, **more).remedies]


# -- which libc, and where it goes ---------------------------------------------------------


def test_only_a_qemu_of_this_host_is_told_a_prefix() -> None:
    multiarch = "dpkg --add-architecture amd64 && apt-get update && apt-get install libc6:amd64"
    rule = "run.loader-missing"
    (own,) = commands(rule, LOST, ARM | {"host.translators": QEMU})
    assert own.startswith("apt-get install libc6-amd64-cross && export QEMU_LD_PREFIX=")
    assert commands(rule, LOST, ARM | {"host.translators": ROSETTA}) == [multiarch]
    inside = ARM | {"host.translators": QEMU, "host.container": "docker"}
    assert commands(rule, LOST, inside) == [multiarch]
    hidden = inside | {"host.translators": row("not visible here", None)}
    assert commands(rule, LOST, hidden) == [multiarch]
    for system in (
        "Fedora Linux 40 (Container Image)",
        "Raspbian GNU/Linux 12",
        "Ubuntu 24.04 LTS",
    ):
        host = ARM | {"host.translators": ROSETTA, "host.os_name": system}
        assert commands(rule, LOST, host) == [""]


@pytest.mark.parametrize(
    ("facts", "system", "command"),
    [
        (LOST | {"binary.variant": "x32"}, DEBIAN, "apt-get install libc6-x32"),
        (LOST | {"binary.variant": "x32"}, "Fedora Linux 40", ""),
        (LOST_386, "Fedora Linux 40", "dnf install glibc.i686"),
        (LOST_386, "Arch Linux", "pacman -S lib32-glibc"),
        (LOST_386, "Red Hat Enterprise Linux 9.3 (Plow)", ""),
        (LOST | {"binary.libc": "musl"}, "Fedora Linux 40", "dnf install musl-libc"),
        (LOST | {"binary.libc": "musl"}, DEBIAN, "apt-get install musl"),
        (LOST_386 | {"binary.libc": "musl"}, DEBIAN, ""),
        (LOST, "NixOS 24.05 (Uakari)", ""),
        *(
            (
                LOST_386,
                system,
                "dpkg --add-architecture i386 && apt-get update && apt-get install libc6:i386",
            )
            for system in (DEBIAN, "Ubuntu 24.04 LTS")
        ),
    ],
)
def test_libc_of_the_distribution(facts: dict[str, Any], system: str, command: str) -> None:
    assert commands("run.loader-missing", facts, AMD | {"host.os_name": system}) == [command]


@pytest.mark.parametrize(
    ("system", "command"), [("Alpine Linux v3.20", "apk add gcompat"), ("Void Linux", "")]
)
def test_shim_is_alpines(system: str, command: str) -> None:
    host = AMD | {"host.os_name": system, "host.libc": "musl"}
    assert commands("run.loader-missing", LOST, host) == [command]


@pytest.mark.parametrize(
    ("system", "finds", "registers"),
    [
        (DEBIAN, "apt-file search", "apt-get install qemu-user-static binfmt-support"),
        ("Alpine Linux v3.20", "apk search so:", ""),
        (
            "Fedora Linux 40",
            "dnf provides '*/",
            "dnf install qemu-user-static && systemctl restart systemd-binfmt",
        ),
        ("Arch Linux", "pacman -F", "pacman -S qemu-user-static qemu-user-static-binfmt"),
        ("Void Linux", "", ""),
    ],
)
def test_package_manager_of_the_distribution(system: str, finds: str, registers: str) -> None:
    host = AMD | {"host.os_name": system, "host.translators": []}
    rows = [{"name": "libq.so.1", "path": None, "searched": ["/lib"]}]
    facts = LOST | {"binary.loader_found": {"path": "/x"}, "binary.libraries": rows}
    assert commands("run.library-missing", facts, host)[0].startswith(finds)
    foreign = LOST | {"binary.isa": "s390x"}
    assert commands("run.exec-format", foreign, host)[-1] == registers


# -- Go programs ---------------------------------------------------------------------------


def checks_what_it_writes(remedy: Remedy) -> bool:
    name = remedy.verify.removeprefix("archfit check ")
    return f" -o {name} " in remedy.command


@pytest.mark.parametrize("path", [None, "command-line-arguments", "a b; c", "-x"])
def test_package_of_a_go_program(path: str | None) -> None:
    facts = LOST | {"go.version": "go1.26.8"} | ({"go.path": path} if path else {})
    remedy = found("run.exec-format", facts, ARM | {"host.translators": []}).remedies[0]
    assert remedy.command == "GOOS=linux GOARCH=arm64 go build -o rebuilt-arm64 ."
    assert checks_what_it_writes(remedy)


def test_cgo_is_not_taken_away_first() -> None:
    with_c, without = found("run.loader-missing", LOST | GO | {"go.cgo": "yes"}, AMD).remedies[:2]
    assert with_c.command == (
        "CGO_ENABLED=1 GOARCH=amd64 go build -o hello-amd64 example.org/x/cmd/hello"
    )
    assert "if its packages can do without C" in without.title
    assert "CGO_ENABLED=0" in without.command
    assert not without.safe
    assert checks_what_it_writes(with_c)
    assert checks_what_it_writes(without)
    pure = found("run.loader-missing", LOST | GO | {"go.cgo": "no"}, AMD).remedies[0]
    assert pure.safe
    assert "CGO_ENABLED=0" in pure.command


def test_a_go_library_stays_with_cgo() -> None:
    facts = LOST | GO | {"go.cgo": "yes", "go.settings": {"-buildmode": "c-shared"}}
    remedies = found("run.loader-missing", facts, AMD).remedies
    assert "-buildmode=c-shared" in remedies[0].command
    assert not any("CGO_ENABLED=0" in remedy.command for remedy in remedies)


def test_newer_glibc_of_a_go_program() -> None:
    facts = LOST | GO | {"go.cgo": "yes", "binary.glibc_min": "2.34"}
    loaders = {"host.loaders": [{"path": "/x", "isa": "amd64", "libc": "glibc"}]}
    facts["binary.loader_found"] = {"path": "/x"}
    remedies = found("run.libc-mismatch", facts, AMD | loaders).remedies
    assert [remedy.safe for remedy in remedies[:2]] == [True, False]
    assert remedies[-1].command.startswith('CC="zig cc -target x86_64-linux-gnu.2.31" CGO_ENABLED')
    assert not any(remedy.command.endswith("make") for remedy in remedies)


def test_page_size_by_the_linker_that_links() -> None:
    facts = LOST | GO | {"binary.isa": "arm64", "binary.segment_align": 4096}
    host = ARM | {"host.page_size": 65536}
    (external,) = found("run.page-size", facts | {"go.cgo": "yes"}, host).remedies
    assert "-ldflags='-linkmode=external -extldflags=-Wl,-z,max-page-size=65536'" in (
        external.command
    )
    (internal,) = found("run.page-size", facts | {"go.cgo": "no"}, host).remedies
    assert "-ldflags=-R=65536" in internal.command
    assert "extldflags" not in internal.command
    assert checks_what_it_writes(internal)


@pytest.mark.parametrize(
    ("there", "march"), [("x86-64-baseline", "x86-64"), ("x86-64-v1", "x86-64"), ("x86-64-v2",) * 2]
)
def test_level_as_compilers_spell_it(there: str, march: str) -> None:
    facts = {**LOST, "binary.loader_found": {"path": "/x"}, "binary.isa_level": "x86-64-v3"}
    (remedy,) = found("run.cpu-feature", facts, AMD | {"host.isa_level": there}).remedies
    assert remedy.title == f"Build it with -march={march}"


# -- translators ---------------------------------------------------------------------------


def test_what_is_switched_off() -> None:
    off = row("qemu-x86_64", "/usr/bin/qemu-x86_64-static", enabled=False)
    all_off = found("run.emulator-missing", LOST, ARM | {"host.translators": off})
    folder = "/proc/sys/fs/binfmt_misc"
    assert all_off.remedies[0].command == (
        f"echo 1 > {folder}/status && echo 1 > {folder}/qemu-x86_64"
    )
    assert "or all of binfmt_misc" in all_off.message
    other = {"name": "qemu-arm", "isa": "arm", "enabled": True, "exists": True}
    one = found("run.emulator-missing", LOST, ARM | {"host.translators": [*off, other]})
    assert one.remedies[0].command == f"echo 1 > {folder}/qemu-x86_64"


def test_interpreter_that_is_gone() -> None:
    def gone(path: str | None) -> str:
        host = ARM | {"host.translators": row("x", path, exists=False)}
        return commands("run.emulator-missing", LOST, host)[0]

    assert gone("/usr/bin/qemu-x86_64-static").startswith("apt-get install qemu-user-static")
    assert gone("/mnt/lima-rosetta/rosetta") == ""
    assert gone(None) == ""


def test_a_mac_without_rosetta() -> None:
    facts = {
        "binary.format": "macho",
        "binary.isa": "amd64",
        "binary.os": "darwin",
        "binary.type": "executable",
    }
    rosetta = row("rosetta", "/x", exists=False, os="darwin")
    mac = {"host.os": "darwin", "host.isa": "arm64", "host.runs": ["arm64"]}
    said = found("run.emulator-missing", facts, mac | {"host.translators": rosetta})
    assert said.message == "x86_64 programs need Rosetta 2 on this Mac, and it is not installed"


# -- archives, and names -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("odd", "command"),
    [
        (["a.o", "b c.o"], "ar d prog a.o 'b c.o'"),
        (["a.o"], ""),  # not all of them are known
        (["a.o", "a.o"], ""),  # ar would take the first of that name
        (["a.o", "-x.o"], ""),
        (["a.o", "{subject}"], ""),
    ],
)
def test_only_the_odd_members_leave_an_archive(odd: list[str], command: str) -> None:
    facts = {
        "archive.isas": {"linux/arm64": 5, "linux/amd64": 2},
        "archive.odd": [{"name": name, "isa": "linux/amd64"} for name in odd],
    }
    (remedy,) = found("build.link-arch", facts, AMD, Kind.ARCHIVE).remedies
    assert remedy.command == command
    assert not remedy.safe
    assert remedy.verify == "archfit check prog"


def test_a_name_that_looks_like_an_option() -> None:
    facts = {"archive.isas": {"linux/arm64": 5, "linux/amd64": 1}}
    (remedy,) = found("build.link-arch", facts, AMD, Kind.ARCHIVE, name="-x y.a").remedies
    assert remedy.verify == "archfit check './-x y.a'"


def test_recorded_rosetta_container_gets_a_libc_of_its_own() -> None:
    said = commands("run.loader-missing", LOST, "container-rosetta")
    assert not any("QEMU_LD_PREFIX" in command for command in said)
