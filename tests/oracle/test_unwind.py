"""Joined stacks equal the chain of calls that a program prints before it dies."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from shutil import rmtree

import pytest

from archfit.crash.joined import culprit
from toolbox import need_tool
from unwinding.cores import CASES, PROGRAM, SYSROOT, chain, die, unwound

GO19 = "/usr/lib/go-1.19/bin/go"
BUILDS = {
    "1.19-amd64": (GO19, "amd64", ()),
    "here-amd64": ("go", "amd64", ()),
    "here-amd64-stripped": ("go", "amd64", ("-ldflags=-s -w",)),
    "here-amd64-pie": ("go", "amd64", ("-buildmode=pie",)),
    "1.19-arm64": (GO19, "arm64", ()),
    "here-arm64": ("go", "arm64", ()),
}

#: arm64 divides by zero without a word. On a C stack that overflowed Go 1.19's signal handler
#: (preparePanic) changes the saved stack pointer and then faults itself.
NOT_SO = {("arm64", "divide"), ("1.19-arm64", "overflow")}


@cache
def built(build: str, folder: Path) -> Path:
    go, isa, flags = BUILDS[build]
    need_tool(go, "go")
    env = os.environ | {"CGO_ENABLED": "1", "GOARCH": isa, "GOTOOLCHAIN": "local"}
    if isa == "arm64":
        env["CC"] = need_tool("aarch64-linux-gnu-gcc")
    need_tool("gcc")
    out = folder / build
    command = [go, "build", *flags, "-o", str(out), "."]
    done = subprocess.run(
        command, cwd=PROGRAM, env=env, capture_output=True, timeout=300, check=False
    )
    assert not done.returncode, done.stderr
    return out


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("unwind")


@pytest.mark.slow
@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("case", CASES)
def test_the_joined_stack_is_the_printed_chain(build: str, case: str, folder: Path) -> None:
    isa = BUILDS[build][1]
    if (build, case) in NOT_SO or (isa, case) in NOT_SO:
        return
    with open("/proc/sys/kernel/core_pattern", encoding="utf-8") as file:
        if file.read().strip() != "core":
            pytest.skip("cores do not go to the working folder here (kernel.core_pattern)")
    emulator = need_tool("qemu-aarch64") if isa == "arm64" else ""
    place = folder / f"{build}-{case}"
    died = die(built(build, folder), case, place, emulator)
    try:
        with ExitStack() as stack:
            joined = unwound(died, stack, SYSROOT if emulator else None)
            first = joined.threads[culprit(joined.threads)]
            assert first.stack.whole, first.stack.end
            wanted = died.chain
            if "stripped" in build:  # C's names are gone, Go's are not
                wanted = tuple(n for n in wanted if n.startswith("main.") or n == "goCallback")
                found = tuple(n for n in chain(joined, wanted))
                assert found == wanted or found == tuple(n for n in wanted if "main." in n)
            else:
                assert chain(joined, wanted) == wanted
    finally:
        rmtree(place, ignore_errors=True)


@pytest.mark.slow
def test_a_live_process_goes_on_and_its_goroutines_are_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from archfit.cli.main import main

    binary = built("here-amd64", folder)
    process = subprocess.Popen([str(binary), "sleep"], stderr=subprocess.PIPE)
    try:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"CHAIN")
        for _ in range(2):  # the second time it is as it was
            assert main(["crash", "attach", "--all", str(process.pid)]) == 0
            said = capsys.readouterr().out
            assert "stood still for" in said
            assert "main.work at" in said
        assert process.poll() is None
        with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
            assert "TracerPid:\t0" in file.read()
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_json_keeps_its_schema(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import jsonschema

    from archfit import report
    from archfit.cli.main import main

    place = folder / "json"
    died = die(built("here-amd64", folder), "callback", place)
    try:
        command = ["crash", "unwind", "--format", "json", "--binary", str(died.binary)]
        assert main([*command, str(died.core)]) == 0
        found = json.loads(capsys.readouterr().out)
        schema = Path(report.__path__[0]) / "schema" / "archfit.stacks-1.json"
        jsonschema.validate(found, json.loads(schema.read_text()))
        first = next(one for one in found["threads"] if one["id"] == found["culprit"])
        names = [f["function"] for frame in first["frames"] for f in frame["functions"]]
        assert names.index("c_abort") < names.index("main.inner") < names.index("main.work")
    finally:
        rmtree(place, ignore_errors=True)
