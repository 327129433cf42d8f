"""Each host probe over recorded machines, and over small ones made for the case."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from archfit.engine.registry import host_probes
from archfit.facts import host as h
from archfit.host.recorded import Recorded
from archfit.model.errors import ArchfitError
from archfit.model.fact import Fact, Trust
from machines import NAMES, facts_of, failures_of, value

#: Facts that a machine must have, by its name.
EXPECTED: dict[str, dict[str, Any]] = {
    "mac-m1": {
        "host.os": "darwin",
        "host.os_version": "13.4",
        "host.isa": "arm64",
        "process.isa": "arm64",
        "host.translated": False,
        "host.translator": None,
        "host.rosetta": True,
        "host.page_size": 16384,
        "host.isa_level": "armv8.4-a",
        "host.runs": ["arm64"],
        "host.libc": "libSystem",
        "host.sdk": "13.3",
        "host.container": "none",
    },
    "mac-m1-rosetta-shell": {
        "host.isa": "arm64",
        "process.isa": "amd64",
        "host.translated": True,
        "host.translator": "rosetta",
        "host.page_size": 16384,
        "host.runs": ["arm64"],
    },
    "mac-m1-bare": {"host.rosetta": False, "host.sdk": None, "host.translated": False},
    "mac-intel": {
        "host.isa": "amd64",
        "host.translated": False,
        "host.rosetta": None,
        "host.translators": [],
        "host.page_size": 4096,
        "host.isa_level": "x86-64-v3",
        "host.os_version": "12.7.6",
    },
    "linux-arm64": {"host.isa": "arm64", "host.page_size": 4096, "host.isa_level": "armv8.2-a"},
    "linux-arm64-64k": {"host.page_size": 65536, "host.os_version": "9.3"},
    "linux-arm64-armhf": {
        "host.isa": "arm64",
        "process.isa": "arm",
        "host.runs": ["arm64", "arm"],
        "host.translated": False,
    },
    "linux-amd64": {"host.runs": ["amd64", "386"], "host.libc_version": "2.35"},
    "linux-amd64-old-setarch": {"host.isa": "amd64", "process.isa": "amd64"},
    "container-alpine": {
        "host.libc": "musl",
        "host.libc_version": "1.2.4",
        "host.glibcxx": None,
        "host.container": "docker",
        "host.seccomp": "filter",
        "host.seccomp_filters": 1,
        "host.translators": [],
    },
    "container-rosetta": {
        "host.isa": "arm64",
        "process.isa": "amd64",
        "host.translated": True,
        "host.translator": "rosetta-linux",
        "host.runs": ["arm64"],
        "host.cpu_features": None,
        "host.page_size": None,
    },
    "container-qemu": {
        "host.isa": "arm64",
        "process.isa": "amd64",
        "host.translator": "qemu-user",
        "host.page_size": 4096,
        "host.isa_level": "armv8.2-a",
    },
    "debian-amd64": {
        "host.isa": "amd64",
        "host.translated": False,
        "host.libc": "glibc",
        "host.libc_version": "2.36",
        "host.glibcxx": "3.4.30",
        "host.container": "none",
        "host.translators": [],
    },
    "debian-amd64-qemu-arm64": {
        "host.isa": "amd64",
        "process.isa": "arm64",
        "host.translated": True,
        "host.translator": "qemu-user",
        "host.runs": ["amd64", "386"],
    },
    "debian-amd64-binfmt-arm64": {
        "host.isa": "amd64",
        "process.isa": "arm64",
        "host.translated": True,
    },
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_facts_of_a_machine(name: str) -> None:
    assert {key: value(name, key) for key in EXPECTED[name]} == EXPECTED[name]


@pytest.mark.parametrize("name", NAMES)
def test_probes_give_what_they_declare_and_nothing_else(name: str) -> None:
    declared = {key.name for probe in host_probes() for key in probe.gives}
    assert set(facts_of(name)) <= declared
    for fact in facts_of(name).values():
        assert fact.source
        assert isinstance(fact.trust, Trust)


@pytest.mark.parametrize("name", NAMES)
def test_the_kind_of_a_fact_is_that_of_its_key(name: str) -> None:
    kinds = {key.name: key.kind for probe in host_probes() for key in probe.gives}
    for key, fact in facts_of(name).items():
        assert isinstance(fact.value, kinds[key]), (key, fact.value)


def test_what_can_not_be_looked_at_is_said() -> None:
    assert "a translator's" in failures_of("container-rosetta")["host_cpu"]
    assert "developer tools" in failures_of("mac-m1-bare")["host_sdk"]
    assert "host_page_size" in failures_of("container-rosetta")


@pytest.mark.parametrize("probe", host_probes(), ids=lambda p: p.name)
def test_a_machine_that_answers_nothing_is_no_crash(probe: Any) -> None:
    for facts in ({}, dict(facts_of("mac-m1")), dict(facts_of("linux-arm64"))):
        door = Recorded({"uname": ["", "", "", "", ""], "complete": True, "pid": 1})
        with suppress(ArchfitError):
            probe.run(door, facts)


def test_cheap_probes_start_no_program() -> None:
    for name in NAMES:
        door = _NoPrograms(name)
        facts: dict[str, Fact] = {}
        for probe in host_probes():
            if not probe.costly:
                try:
                    probe.run(door, facts)
                except ArchfitError:
                    continue
        assert door.started == [], name


class _NoPrograms(Recorded):
    def __init__(self, name: str) -> None:
        from machines import document

        super().__init__(document(name))
        self.started: list[object] = []

    def run(self, argv: Any, timeout: float = 5.0) -> Any:
        self.started.append(argv)
        return super().run(argv, timeout)


def _row(name: str, translator: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = value(name, "host.translators")
    return next(row for row in rows if row["name"] == translator)


def test_binfmt_entries_with_their_flags() -> None:
    row = _row("lima-arm64", "rosetta")
    assert row["interpreter"] == "/mnt/lima-rosetta/rosetta"
    assert (row["isa"], row["flags"], row["enabled"], row["exists"]) == ("amd64", "OCF", True, True)
    assert row["interpreter_isa"] == "arm64"


def test_an_entry_without_its_interpreter_works_only_with_flag_f() -> None:
    gone, held = (_row("linux-arm64-broken-binfmt", name) for name in ("qemu-x86_64", "qemu-i386"))
    assert (gone["present"], gone["exists"], gone["enabled"]) == (False, False, True)
    assert (held["present"], held["exists"], held["enabled"]) == (False, True, False)


def test_rosetta_is_a_translator_only_when_it_is_installed() -> None:
    assert _row("mac-m1", "rosetta")["exists"]
    assert not _row("mac-m1-bare", "rosetta")["exists"]


def test_in_a_container_the_kernel_is_asked() -> None:
    assert facts_of("container-rosetta")["host.translators"].trust is Trust.REPRODUCED
    assert [row["isa"] for row in value("container-rosetta", "host.translators")] == ["amd64"]


def test_a_real_binfmt_entry() -> None:
    row = _row("debian-amd64-binfmt-arm64", "qemu-aarch64")
    assert (row["isa"], row["flags"], row["exists"]) == ("arm64", "OCF", True)
    assert value("debian-amd64-binfmt-arm64", "host.tried")["arm64"] == "runs"
    assert value("debian-amd64", "host.tried")["arm64"] == "no handler"


def test_go_is_known_by_its_header_not_by_the_environment() -> None:
    (row,) = value("mac-m1-amd64-go-goarch", "host.go")
    assert (row["isa"], row["goarch"], row["gohostarch"]) == ("amd64", "arm64", "amd64")


def test_ancestors_under_rosetta() -> None:
    rows = value("mac-m1-rosetta-shell", "process.ancestors")
    assert [(r["name"], r["isa"], r["translated"]) for r in rows] == [
        ("zsh", "amd64", True),
        ("Terminal", "amd64", True),
        ("launchd", "arm64", False),
    ]


def test_ancestors_in_a_translated_container() -> None:
    rows = value("container-qemu", "process.ancestors")
    assert [(r["isa"], r["translated"]) for r in rows] == [("amd64", True)]


def test_macos_never_believes_the_compatibility_version() -> None:
    plist = "<key>ProductVersion</key><string>10.16</string>"
    door = Recorded(
        {
            "uname": ["Darwin", "", "22.5.0", "root:xnu/RELEASE_ARM64_T8103", "arm64"],
            "files": {"/System/Library/CoreServices/SystemVersion.plist": plist},
            "complete": True,
        }
    )
    facts: dict[str, Fact] = {}
    for name in ("host_machine", "host_system"):
        next(p for p in host_probes() if p.name == name).run(door, facts)
    assert h.OS_VERSION.of(facts) == "13"


def _run(name: str, document: dict[str, Any], facts: dict[str, Fact]) -> dict[str, Fact]:
    probe = next(p for p in host_probes() if p.name == name)
    probe.run(Recorded(document | {"complete": True}), facts)
    return facts


def _known(**values: object) -> dict[str, Fact]:
    return {key.replace("_", ".", 1): Fact(v, Trust.OBSERVED, "test") for key, v in values.items()}


@pytest.mark.parametrize(
    ("cmdline", "runs"),
    [("quiet", ["amd64", "386"]), ("ia32_emulation=0 quiet", ["amd64"])],
)
def test_386_can_be_switched_off_at_boot(cmdline: str, runs: list[str]) -> None:
    files = {"/proc/sys/abi/vsyscall32": "1\n", "/proc/cmdline": cmdline}
    facts = _run("host_runs", {"files": files}, _known(host_isa="amd64", host_os="linux"))
    assert h.RUNS.of(facts) == runs


def test_arm_on_arm64_needs_a_sign() -> None:
    known = _known(host_isa="arm64", host_os="linux")
    assert h.RUNS.of(_run("host_runs", {}, dict(known))) == ["arm64"]
    path = "/sys/devices/system/cpu/aarch32_el0"
    assert h.RUNS.of(_run("host_runs", {"files": {path: "0-3\n"}}, dict(known))) == ["arm64", "arm"]


def test_docker_s_file_in_the_first_namespaces_is_no_container() -> None:
    first = {"pid": 4026531836, "uts": 4026531838, "ipc": 4026531839}
    links = {f"/proc/self/ns/{ns}": f"/proc/1/ns/{ns}:[{ino}]" for ns, ino in first.items()}
    files = {"/proc/self/status": "Seccomp:\t0\n"}
    document = {"exists": {"/.dockerenv": True}, "files": files}
    known = _known(host_os="linux")
    assert h.CONTAINER.of(_run("host_container", document, dict(known))) == "docker"
    document |= {"links": links}
    assert h.CONTAINER.of(_run("host_container", document, dict(known))) == "none"


@pytest.mark.parametrize(
    ("env", "files", "settings"),
    [
        ({"HOME": "/h"}, {"/h/.config/go/env": "GOARCH=arm64\nX=1\n"}, {"GOARCH": "arm64"}),
        ({"GOENV": "off", "HOME": "/h"}, {"/h/.config/go/env": "GOARCH=arm64\n"}, None),
        (
            {"GOENV": "/e"},
            {"/e": "CC=clang\nGOPROXY=https://me:hunter2@x\nGOFLAGS=\nCGO_ENABLED=0"},
            {"CC": "clang", "GOFLAGS": "", "CGO_ENABLED": "0"},
        ),
        ({}, {}, None),
    ],
)
def test_what_go_env_w_wrote(env: Any, files: Any, settings: Any) -> None:
    facts = _run("host_environment", {"env": env, "files": files}, _known(host_os="linux"))
    found = h.GOENV_FILE.of(facts)
    assert (found["settings"] if found else None) == settings
