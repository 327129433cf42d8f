"""This host's facts against what the field's own tools say of it; translators for real."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from archfit.host.live import Live
from archfit.host.rooted import Rooted
from archfit.platforms.isa import normalise
from archfit.platforms.tiny_elf import STATUS
from elf_bytes import elf
from machines import ask
from toolbox import need_tool

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="compares with Linux tools")

BINFMT = Path("/proc/sys/fs/binfmt_misc")
ROOT = Path(__file__).parents[2]


def _said(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def here() -> dict[str, Any]:
    """This host's facts, by key."""
    return {key: fact.value for key, fact in ask(Live())[0].items()}


def test_machine(here: dict[str, Any]) -> None:
    need_tool("uname")
    assert here["host.isa"] == normalise(_said("uname", "-m").strip())
    assert here["host.kernel"] == _said("uname", "-r").strip()
    assert here["process.isa"] == normalise(os.uname().machine)
    assert here["host.translated"] is False


def test_setarch_does_not_bend_it() -> None:
    setarch = need_tool("setarch")
    if os.uname().machine != "x86_64":
        pytest.skip("setarch linux32 is tried on x86-64")
    code = "import json, machines; from archfit.host.live import Live;"
    code += "print(json.dumps(machines.ask(Live(), costly=False)[0]['host.isa'].value))"
    env = os.environ | {"PYTHONPATH": f"{ROOT}/src:{ROOT}/tests"}
    done = subprocess.run(
        [setarch, "linux32", sys.executable, "-c", code],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == "amd64"


def test_page_size(here: dict[str, Any]) -> None:
    assert here["host.page_size"] == int(_said(need_tool("getconf"), "PAGESIZE"))


def test_libc(here: dict[str, Any]) -> None:
    said = _said(need_tool("ldd"), "--version")
    if here["host.libc"] == "glibc":
        found = re.search(r"(\d+\.\d+)\s*$", said.splitlines()[0])
    else:
        found = re.search(r"Version (\S+)", said)
    assert found is not None, said
    assert here["host.libc_version"] == found[1]


def test_loaders_can_be_started(here: dict[str, Any]) -> None:
    native = [row for row in here["host.loaders"] if row["isa"] == here["host.isa"]]
    assert native
    for row in native:
        assert {"glibc": "ld.so", "musl": "musl libc"}.get(row["libc"], "") in _said(
            row["path"], "--version"
        )


def test_libstdcxx(here: dict[str, Any]) -> None:
    gcc, strings = need_tool("gcc"), need_tool("strings")
    path = _said(gcc, "-print-file-name=libstdc++.so.6").strip()
    words = re.findall(r"^GLIBCXX_(3\.4[.\d]*)$", _said(strings, path), re.MULTILINE)
    if not words:
        pytest.skip("gcc has no libstdc++.so.6")
    assert here["host.glibcxx"] == max(words, key=lambda w: [int(n) for n in w.split(".")])


def test_cpu(here: dict[str, Any]) -> None:
    said = _said(need_tool("lscpu"))
    flags = re.search(r"^Flags:\s*(.*)$", said, re.MULTILINE)
    assert flags is not None
    assert set(here["host.cpu_features"]) == set(flags[1].split())
    modes = re.search(r"^CPU op-mode\(s\):\s*(.*)$", said, re.MULTILINE)
    if modes is not None and here["host.isa"] == "amd64":
        assert len(here["host.runs"]) == len(modes[1].split(","))


def test_isa_level_is_that_of_the_loader(here: dict[str, Any]) -> None:
    if here["host.isa"] != "amd64" or here["host.libc"] != "glibc":
        pytest.skip("only glibc's loader for x86-64 prints the levels")
    said = _said("/lib64/ld-linux-x86-64.so.2", "--help")
    levels = re.findall(r"^\s+(x86-64-v\d) \(supported", said, re.MULTILINE)
    if not levels:
        pytest.skip("this loader prints no levels")
    assert here["host.isa_level"] == max(levels)


def test_go(here: dict[str, Any]) -> None:
    go = need_tool("go")
    row = next(row for row in here["host.go"] if row["path"] == go)
    assert row["on_path"]
    assert row["isa"] == row["gohostarch"] == _said(go, "env", "GOHOSTARCH").strip()
    assert row["version"] == _said("env", "GOTOOLCHAIN=local", go, "env", "GOVERSION").strip()


def test_compilers(here: dict[str, Any]) -> None:
    gcc = need_tool("gcc")
    row = next(row for row in here["host.cc"] if row["path"] == gcc)
    assert row["target"] == _said(gcc, "-dumpmachine").strip()
    assert row["version"] == _said(gcc, "--version").splitlines()[0]


def test_qemu(here: dict[str, Any]) -> None:
    qemu = need_tool("qemu-aarch64", "qemu-aarch64-static")
    row = next(row for row in here["host.qemu"] if row["path"] == qemu)
    assert row["isa"] == "arm64"
    assert f"version {row['version']} " in _said(qemu, "--version")
    said = _said(need_tool("readelf"), "-l", qemu)
    assert row["static"] == ("interpreter" not in said)


def test_ancestors_are_those_of_ps(here: dict[str, Any]) -> None:
    ps = need_tool("ps")
    parent = here["process.ancestors"][0]
    assert parent["pid"] == os.getppid()
    assert parent["name"] == _said(ps, "-o", "comm=", "-p", str(os.getppid())).strip()


def test_seccomp_and_container(here: dict[str, Any]) -> None:
    status = Path("/proc/self/status").read_text()
    mode = re.search(r"^Seccomp:\s*(\d)", status, re.MULTILINE)
    assert mode is not None
    assert here["host.seccomp"] == ["disabled", "strict", "filter"][int(mode[1])]
    detect = shutil.which("systemd-detect-virt")
    if detect and here["host.container"] == "none":
        assert _said(detect, "--container").strip() in ("none", "docker")


def _under_qemu(argv: list[str]) -> dict[str, Any]:
    code = "import json, machines; from archfit.host.live import Live;"
    code += "facts = machines.ask(Live(), costly=False)[0];"
    code += "print(json.dumps({k: f.value for k, f in facts.items()}))"
    env = os.environ | {"PYTHONPATH": f"{ROOT}/src:{ROOT}/tests"}
    done = subprocess.run([*argv, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_process_under_qemu_knows_it() -> None:
    """The same Python, of the same ISA, run by qemu-user: only the kernel's image tells."""
    names = {"x86_64": "qemu-x86_64", "aarch64": "qemu-aarch64"}
    machine = os.uname().machine
    if machine not in names:
        pytest.skip("tried on x86-64 and arm64")
    qemu = need_tool(names[machine], names[machine] + "-static")
    facts = _under_qemu([qemu, sys.executable])
    assert facts["host.translated"] is True
    assert facts["host.translator"] == "qemu-user"
    assert facts["host.isa"] == normalise(machine)
    assert facts["process.isa"] == normalise(machine)


@contextmanager
def _binfmt(*registrations: str) -> Iterator[None]:
    """binfmt_misc with these entries, taken back afterwards."""
    if os.getuid() != 0:
        pytest.skip("registering a translator needs root")
    mounted = not (BINFMT / "register").exists()
    if mounted:
        mount = need_tool("mount")
        if subprocess.run(
            [mount, "-t", "binfmt_misc", "binfmt_misc", str(BINFMT)], check=False
        ).returncode:
            pytest.skip("binfmt_misc can't be mounted here")
    names = [text.split(":")[1] for text in registrations]
    try:
        for text in registrations:
            (BINFMT / "register").write_bytes(text.encode())
        yield
    finally:
        for name in names:
            if (BINFMT / name).exists():
                (BINFMT / name).write_text("-1")
        if mounted:
            subprocess.run([need_tool("umount"), str(BINFMT)], check=False)


MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xf3\x00"
MASK = r"\xff\xff\xff\xff\xff\xfe\xfe\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"


def test_real_binfmt_entries() -> None:
    qemu = need_tool("qemu-riscv64", "qemu-riscv64-static")
    good = f":archfit-test:M::{MAGIC}:{MASK}:{qemu}:OCF"
    gone = ":archfit-gone:E::archfit-gone::/nonexistent/interpreter:"
    with _binfmt(good, gone):
        facts: dict[str, Any] = {key: fact.value for key, fact in ask(Live())[0].items()}
    rows = {row["name"]: row for row in facts["host.translators"]}
    row = rows["archfit-test"]
    assert (row["isa"], row["interpreter"], row["enabled"]) == ("riscv64", qemu, True)
    assert set(row["flags"]) == {"O", "C", "F"}
    assert (row["exists"], row["present"]) == (True, True)
    assert row["interpreter_isa"] == facts["host.isa"]
    assert facts["host.tried"]["riscv64"] == "runs"
    row = rows["archfit-gone"]
    assert (row["isa"], row["exists"], row["flags"]) == (None, False, "")


def _translator_below(root: Path) -> dict[str, Any]:
    facts = ask(Rooted(Live(), str(root)), costly=False)[0]
    rows: Any = facts["host.translators"].value
    return next(row for row in rows if row["name"] == "archfit-test")


def test_translators_of_a_folder_are_those_of_the_kernel(tmp_path: Path) -> None:
    """Without flag F the interpreter is looked for below the folder, as in a chroot."""
    qemu = need_tool("qemu-riscv64", "qemu-riscv64-static")
    entry = f":archfit-test:M::{MAGIC}:{MASK}:{qemu}:OC"
    app = tmp_path / "app"
    app.write_bytes(elf(machine=243))
    check = [sys.executable, "-m", "archfit", "check", "--root", str(tmp_path), str(app)]
    env = os.environ | {"PYTHONPATH": f"{ROOT}/src"}
    with _binfmt(entry):
        row = _translator_below(tmp_path)
        assert (row["isa"], row["exists"], row["present"]) == ("riscv64", False, False)
        done = subprocess.run(check, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 1, done.stdout + done.stderr
        place = tmp_path / qemu.lstrip("/")
        place.parent.mkdir(parents=True)
        place.write_bytes(Path(qemu).read_bytes())
        row = _translator_below(tmp_path)
        assert (row["exists"], row["present"]) == (True, True)
        place.unlink()
    with _binfmt(entry + "F"):
        row = _translator_below(tmp_path)
        assert (row["exists"], row["present"]) == (True, False)
        done = subprocess.run(check, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


class _Kernel(Live):
    """A kernel whose binfmt_misc is not to be seen, and what it does with riscv64."""

    def __init__(self, status: int | None) -> None:
        super().__init__({})
        self.status = status

    def listdir(self, path: str) -> list[str]:
        return [] if path.startswith("/proc/sys/fs") else super().listdir(path)

    def execute(self, name: str, image: bytes) -> int | None:
        return self.status if name == "riscv64" else None


def test_a_folder_where_binfmt_misc_is_not_visible(tmp_path: Path) -> None:
    facts, _ = ask(Rooted(_Kernel(None), str(tmp_path)), costly=False)
    assert facts["host.translators"].value == []
    facts, _ = ask(Rooted(_Kernel(STATUS), str(tmp_path)), costly=False)
    assert "host.translators" not in facts


def test_which_qemu_there_is_costs_no_more_than_a_look(here: dict[str, Any]) -> None:
    """`check` here and `check --host` of this host's facts know the same programs."""
    cheap: Any = ask(Live(), costly=False)[0]["host.qemu"].value
    assert all(set(row) == {"isa", "path"} for row in cheap)
    costly = here["host.qemu"]
    assert [(row["isa"], row["path"]) for row in costly] == [
        (row["isa"], row["path"]) for row in cheap
    ]
    assert all(set(row) == {"isa", "path", "version", "static"} for row in costly)
