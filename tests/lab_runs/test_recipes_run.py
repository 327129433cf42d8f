"""Recipes carried out for real, and the script for a Mac under stubbed commands."""

from __future__ import annotations

import json
import os
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from archfit.lab import ledger, mac_answer
from archfit.lab.claim import Verdict
from archfit.lab.outcome import Word
from archfit.lab.reproduce import Case, chosen, conclusion, reproduce
from toolbox import need_tool

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """The claim's cases and its relatives, once."""
    need_tool("go"), need_tool("qemu-aarch64"), need_tool("aarch64-linux-gnu-gcc")
    names = ["native-child", "registered", "unregistered", "wrong-isa-library", "old-libc"]
    names += ["wrong-isa-dlopen", "missing-loader", "wrong-isa-archive", "c-fault"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHFIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        return list(reproduce(chosen(names), runs=2, offline=True))


def test_the_claim_is_refuted(cases: list[Case]) -> None:
    assert conclusion(cases)[0] == "false"
    shells = [case for case in cases if case.name == "native-child"]
    assert {case.outcome.word for case in shells} <= {Word.NEVER, Word.NOT_RUN}


@pytest.mark.parametrize(
    ("name", "verdict", "cause"),
    [
        ("wrong-isa-library", "fails always", "run.library-arch"),
        ("wrong-isa-dlopen", "fails always", "run.library-arch"),
        ("wrong-isa-archive", "can't be built", "build.link-arch"),
        ("missing-loader", "fails always", "run.loader-missing"),
        ("old-libc", "fails always", "run.libc-mismatch"),
        ("unregistered", "fails always", "run.exec-format"),
        ("c-fault", "crashes always", "crash.c-segv"),
    ],
)
def test_causes(cases: list[Case], name: str, verdict: str, cause: str) -> None:
    for case in cases:
        if case.name == name and case.outcome.word is not Word.NOT_RUN:
            assert (case.outcome.verdict, case.cause.rule) == (verdict, cause), case.variant


def test_nothing_stays_registered(cases: list[Case]) -> None:
    assert cases
    folder = Path("/proc/sys/fs/binfmt_misc")
    assert not list(folder.glob("archfit*"))


def test_claims_are_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_tool("aarch64-linux-gnu-gcc"), need_tool("qemu-aarch64"), need_tool("qemu-x86_64")
    monkeypatch.setenv("ARCHFIT_CACHE", str(tmp_path))
    ids = ["ch3.1.saved-arm64", "ch3.1.parameters", "ch3.1.misaligned-store", "ch1.uname"]
    ids += ["ch3.1.stack-alignment", "ch2.2.extern-c", "ch4.3.packages"]
    claims = ledger.chosen(ids)
    ledger.run(claims, offline=True)
    for entry in ledger.entries(claims):
        network = entry.claim.id == "ch4.3.packages"
        expected = Verdict.NOT_RUN if network else entry.claim.settled
        assert entry.judged.verdict is expected, entry.judged.observed
        assert not entry.stale


# -- the script for a Mac -------------------------------------------------------------------------

_STUBS = {
    "system/usr/sbin/sysctl": """
        case "$*" in
        *hw.optional.arm64) [ "$MAC" = intel ] && exit 1; echo 1 ;;
        *proc_translated) [ "$MAC" = intel ] && exit 1; echo "${TRANSLATED:-0}" ;;
        *brand_string) echo "A chip" ;;
        esac""",
    "system/usr/bin/uname": '[ "${TRANSLATED:-0}" = 1 ] && echo x86_64 || echo arm64',
    "system/usr/bin/arch": """
        case "$1" in
        -x86_64) [ "$MAC" = bare ] && exit 86; shift; TRANSLATED=1 exec "$@" ;;
        -arm64) shift; TRANSLATED=0 exec "$@" ;;
        *) [ "${TRANSLATED:-0}" = 1 ] && echo i386 || echo arm64 ;;
        esac""",
    "bin/sw_vers": "echo 15.1",
    "bin/lipo": """
        case $1 in
        -archs) echo arm64 ;;
        -create) printf '#!/bin/sh\\necho hello from C\\n' >"$3"; chmod +x "$3" ;;
        esac""",
    "bin/go": """
        case $1 in
        version) printf '%s\\n' 'go version go1.26.8 darwin/arm64 "quoted\\back"' ;;
        env) echo "$2" ;;
        run) echo "hello from C" ;;
        build) if grep -q '= 42' main.go; then
            printf '#!/bin/sh\\nkill -SEGV $$\\n' >"$3"
        else
            printf '#!/bin/sh\\necho hello from C\\n' >"$3"
        fi; chmod +x "$3" ;;
        esac""",
    "bin/cc": """
        while [ $# -gt 0 ]; do
            case $1 in -o) printf '#!/bin/sh\\necho arm64\\n' >"$2"; chmod +x "$2" ;; esac
            shift
        done""",
}


@pytest.fixture
def mac(tmp_path: Path) -> Path:
    """A folder that stands for a Mac: its programs answer as told by the environment."""
    for name, body in _STUBS.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
    (tmp_path / "repro.sh").write_text(mac_answer.script())
    return tmp_path


def run_script(mac: Path, shell: str, **env: str) -> mac_answer.MacAnswer:
    here = {**os.environ, "ARCHFIT_SYSTEM": str(mac / "system"), "RUNS": "1", "TMPDIR": str(mac)}
    here |= {"PATH": f"{mac / 'bin'}:{os.environ['PATH']}", "MAC": "silicon", **env}
    done = subprocess.run(
        [need_tool(shell), str(mac / "repro.sh")], env=here, capture_output=True, check=True
    )
    schema = files("archfit.report").joinpath("schema", "archfit.lab-macos-1.json").read_text()
    Draft202012Validator(json.loads(schema)).validate(json.loads(done.stdout))
    assert not list(mac.glob("archfit-lab.*")), "its folder stays behind"
    (mac / "answer.json").write_bytes(done.stdout)
    return mac_answer.read(str(mac / "answer.json"))


@pytest.mark.parametrize("shell", ["sh", "zsh"])
def test_the_script_on_apple_silicon(mac: Path, shell: str) -> None:
    read = run_script(mac, shell)
    assert read.machine == "darwin/arm64"
    told = read.shell("x86_64")
    assert told is not None
    assert (told.arch, told.uname, told.translated) == ("i386", "x86_64", "1")
    back = read.shell("arm64 inside x86_64")
    assert back is not None
    assert back.translated == "0"
    assert conclusion(read.cases)[0] == "false"
    assert read.tools["version"].endswith('"quoted\\back"')
    fault = next(case for case in read.cases if case.name == "c-fault")
    assert (fault.outcome.text, fault.outcome.manner) == (
        "crashes always (1 of 1)",
        "killed by SIGSEGV",
    )


def test_the_script_on_other_macs(mac: Path) -> None:
    intel = run_script(mac, "sh", MAC="intel")
    assert intel.machine == "darwin/amd64"
    assert conclusion(intel.cases)[0] == "not run here"
    bare = run_script(mac, "sh", MAC="bare")
    assert bare.machine == "darwin/arm64"
    assert conclusion(bare.cases)[0] == "not run here"


def test_the_script_ends_what_hangs(mac: Path) -> None:
    stub = mac / "bin" / "lipo"
    stub.write_text('#!/bin/sh\n[ "$1" = -create ] && exec sleep 60\necho arm64\n')
    read = run_script(mac, "sh", SECONDS_EACH="1")
    stuck = next(case for case in read.cases if case.variant == "Go program")
    assert stuck.outcome.text == "can't be built"
    assert stuck.trial.said[0].timed_out


def test_the_script_is_clean(mac: Path) -> None:
    for dialect in ("sh", "bash"):
        checked = subprocess.run(
            [need_tool("shellcheck"), "-s", dialect, str(mac / "repro.sh")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stdout
