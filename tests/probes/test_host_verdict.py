"""The verdict: the table of cases in docs/verdict.md, each from a recorded machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from archfit.facts import host as h
from archfit.host.recorded import Recorded
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.probes.host_verdict import PROBE
from machines import NAMES, value

DOCS = Path(__file__).parents[2] / "docs/verdict.md"

#: (machine, verdict, words of the reason, words of the advice)
CASES = [
    ("mac-m1", "native", "all is arm64", ""),
    ("mac-m1-rosetta-shell", "mixed", "Builds are not affected", "arch -arm64 zsh"),
    ("mac-m1-amd64-go", "mixed", "go (/usr/local/go/bin/go) is amd64", "darwin/arm64"),
    ("mac-m1-amd64-go-goarch", "mixed", "GOARCH=arm64 changes what it builds", "darwin/arm64"),
    ("mac-m1-intel-brew", "mixed", "Homebrew in /usr/local is amd64", "/usr/local/bin off PATH"),
    ("mac-m1-all-intel", "translated", "run by rosetta", "builds amd64 by default"),
    ("mac-m1-cross", "cross", "sets the target darwin/amd64", "CGO_ENABLED=1"),
    ("mac-m1-bare", "native", "all is arm64", ""),
    ("mac-intel", "native", "all is amd64", ""),
    ("linux-amd64", "native", "all is amd64", ""),
    ("linux-amd64-cross", "cross", "sets the target linux/arm64", "CGO_ENABLED=1"),
    ("linux-amd64-stray-cc", "mixed", "aarch64-linux-gnu-gcc", "Set CC"),
    ("linux-amd64-old-setarch", "native", "all is amd64", ""),
    ("linux-arm64", "native", "all is arm64", ""),
    ("linux-arm64-64k", "native", "all is arm64", ""),
    ("linux-arm64-armhf", "native", "a userland of arm on a kernel of arm64", ""),
    ("linux-arm64-broken-binfmt", "native", "all is arm64", ""),
    ("lima-arm64", "native", "all is arm64", ""),
    ("container-alpine", "native", "all is amd64", ""),
    ("container-rosetta", "translated", "run by rosetta-linux", "--platform linux/arm64"),
    ("container-qemu", "translated", "run by qemu-user", "--platform linux/arm64"),
    ("debian-amd64", "native", "all is amd64", ""),
    ("debian-amd64-qemu-arm64", "mixed", "Python that runs archfit is arm64", "Python of amd64"),
    ("debian-amd64-binfmt-arm64", "mixed", "Python that runs archfit is arm64", "Python of amd64"),
]


@pytest.mark.parametrize(("name", "verdict", "reason", "advice"), CASES, ids=[c[0] for c in CASES])
def test_case(name: str, verdict: str, reason: str, advice: str) -> None:
    assert value(name, "host.verdict") == verdict
    assert reason in value(name, "host.verdict_reason")
    found = value(name, "host.verdict_advice")
    assert found is None if not advice else advice in found


def test_every_machine_is_a_case_and_stands_in_the_docs() -> None:
    assert {case[0] for case in CASES} == set(NAMES)
    table = dict(
        re.findall(r"^\| `([\w-]+)` \|.*\| \*\*(\w+)\*\* \|", DOCS.read_text(), re.MULTILINE)
    )
    assert table == {case[0]: case[1] for case in CASES}


#: Parts of a signal's name that differ from machine to machine.
_NAMES_OF_THIS_MACHINE = r"\(go env -w\)|\(variable\)|\(/.*\)|/usr\S*|\bin /.*"


def test_every_signal_stands_in_the_docs() -> None:
    text = DOCS.read_text()
    for name in NAMES:
        for row in value(name, "host.signals"):
            assert set(row) == {"signal", "value", "bent_by", "trust", "note"}
            words = re.sub(
                r"\(go env -w\)|\(variable\)|\(/.*\)|/usr\S*|\bin /.*", "", row["signal"]
            )
            if words.startswith("process "):
                words = "process NAME"
            if words.endswith("-dumpmachine"):
                words = "-dumpmachine"
            assert f"`{words.strip()}" in text, row["signal"]


def test_the_signals_of_the_usual_advice_are_all_there() -> None:
    names = {row["signal"] for row in value("mac-m1-cross", "host.signals")}
    go = "/usr/local/go/bin/go"
    assert names >= {
        "GOARCH (variable)",
        f"file {go}",
        f"go version -m {go}",
        f"go env GOHOSTARCH ({go})",
        f"go env GOARCH ({go})",
        "uname -m",
        "arch",
        "C.size_t",
        "sysctl.proc_translated",
    }


def test_size_t_tells_nothing() -> None:
    rows = value("mac-m1-rosetta-shell", "host.signals")
    (row,) = [row for row in rows if row["signal"] == "C.size_t"]
    assert row["value"] == {"arm64": 8, "amd64": 8}


def test_arch_prints_i386_under_rosetta_and_is_not_believed() -> None:
    rows = value("mac-m1-rosetta-shell", "host.signals")
    (row,) = [row for row in rows if row["signal"] == "arch"]
    assert (row["value"], row["bent_by"]) == ("i386", "translation")
    assert value("mac-m1-rosetta-shell", "process.isa") == "amd64"


def _verdict(**values: Any) -> dict[str, Fact]:
    facts = {key.replace("_", ".", 1): Fact(v, Trust.OBSERVED, "test") for key, v in values.items()}
    PROBE.run(Recorded({}), facts)
    return facts


GO = {"path": "/go", "isa": "arm64", "on_path": True}


@pytest.mark.parametrize("goarch", ["amd64", "386", "nonsense", "arm64"])
def test_goarch_never_makes_a_mixed_verdict(goarch: str) -> None:
    facts = _verdict(
        host_os="linux", host_isa="arm64", process_isa="arm64", host_go=[GO], host_goarch_env=goarch
    )
    assert h.VERDICT.of(facts) == ("native" if goarch == "arm64" else "cross")


@pytest.mark.parametrize("goarch", ["arm64", "amd64", ""])
def test_goarch_never_mends_one(goarch: str) -> None:
    facts = _verdict(
        host_os="linux",
        host_isa="arm64",
        process_isa="arm64",
        host_go=[GO | {"isa": "amd64"}],
        host_goarch_env=goarch,
    )
    assert h.VERDICT.of(facts) == "mixed"


def test_a_go_that_is_not_on_path_has_no_voice() -> None:
    facts = _verdict(
        host_os="linux",
        host_isa="arm64",
        process_isa="arm64",
        host_go=[GO | {"isa": "amd64", "on_path": False}],
    )
    assert h.VERDICT.of(facts) == "native"


def test_go_env_w_counts_as_the_user_s_word() -> None:
    facts = _verdict(
        host_os="linux",
        host_isa="arm64",
        process_isa="arm64",
        host_go=[GO],
        host_goenv_file={"path": "/e", "settings": {"GOARCH": "riscv64"}},
    )
    assert h.VERDICT.of(facts) == "cross"
    assert "go env -w" in str(h.VERDICT_REASON.of(facts))


def test_without_the_machine_there_is_no_verdict() -> None:
    with pytest.raises(Unavailable):
        _verdict(host_os="linux", process_isa="arm64")
    with pytest.raises(Unavailable):
        _verdict(host_os="linux", host_isa="arm64")
