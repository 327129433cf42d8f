"""Misfits built with real compilers: the right cause comes first, and the tools agree."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import archfit
from archfit.cli.main import main
from recorded_hosts import host_file
from toolbox import need_tool

pytestmark = pytest.mark.slow
Capture = pytest.CaptureFixture[str]
Asked = Callable[..., list[str]]


@pytest.fixture
def causes(capsys: Capture) -> Asked:
    """Rule ids that `archfit check` finds, in rank order."""

    def ask(*args: str | Path) -> list[str]:
        capsys.readouterr()
        main(["check", "--format", "json", *map(str, args)])
        return [f["rule"] for f in json.loads(capsys.readouterr().out)["findings"]]

    return ask


def run(*argv: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(word) for word in argv],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def c_file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


MAIN = "int main(void) { return 0; }\n"


def test_arm64_static_and_dynamic(tmp_path: Path, causes: Asked) -> None:
    cc = need_tool("aarch64-linux-gnu-gcc")
    source = c_file(tmp_path, "a.c", MAIN)
    for name, flags in (("static", ["-static"]), ("dynamic", [])):
        program = tmp_path / name
        run(cc, *flags, "-o", program, source, cwd=tmp_path)
        host = host_file("debian-amd64", tmp_path)
        assert causes("--host", host, program)[:1] == ["run.exec-format"], name
        arm = host_file("linux-arm64", tmp_path)
        assert causes("--host", arm, program) == [], name


def test_arm64_on_this_very_host(tmp_path: Path, causes: Asked) -> None:
    cc = need_tool("aarch64-linux-gnu-gcc")
    if os.uname().machine != "x86_64":
        pytest.skip("this host runs arm64 itself")
    program = tmp_path / "app"
    run(cc, "-static", "-o", program, c_file(tmp_path, "a.c", MAIN), cwd=tmp_path)
    translated = subprocess.run(
        ["/bin/sh", "-c", f'exec "{program}"'], capture_output=True, check=False, timeout=20
    )
    if translated.returncode == 0:
        assert causes(program) == [], "a translator runs it"
    else:
        assert b"Exec format error" in translated.stderr
        assert causes(program)[:1] == ["run.exec-format"]


def test_musl_program_without_the_musl_loader(tmp_path: Path, causes: Asked) -> None:
    cc = need_tool("musl-gcc")
    program = tmp_path / "app"
    run(cc, "-o", program, c_file(tmp_path, "a.c", MAIN), cwd=tmp_path)
    host = host_file("debian-amd64", tmp_path, loaders_without="musl")
    assert causes("--host", host, program)[:1] == ["run.loader-missing"]
    root = tmp_path / "root"
    (root / "lib").mkdir(parents=True)
    assert causes("--root", root, program)[:1] == ["run.loader-missing"]
    shutil.copy("/lib/ld-musl-x86_64.so.1", root / "lib")
    assert causes("--root", root, program) == []


def test_static_programs_of_another_libc_fit(tmp_path: Path, causes: Asked) -> None:
    source = c_file(tmp_path, "a.c", MAIN)
    run(need_tool("musl-gcc"), "-static", "-o", "musl", source, cwd=tmp_path)
    run(need_tool("gcc"), "-static", "-o", "glibc", source, cwd=tmp_path)
    alpine = host_file("container-alpine", tmp_path, {"host.runs": ["amd64"], "host.isa": "amd64"})
    for program in ("musl", "glibc"):
        assert causes(tmp_path / program) == []
        assert causes("--host", alpine, tmp_path / program) == []


def test_a_search_that_could_not_be_done_is_named(tmp_path: Path, capsys: Capture) -> None:
    cc = need_tool("gcc")
    c_file(tmp_path, "f.c", "int f(void) { return 0; }\n")
    c_file(tmp_path, "a.c", "int f(void);\nint main(void) { return f(); }\n")
    (tmp_path / "build").mkdir()
    run(cc, "-shared", "-fPIC", "-o", "build/libf.so", "f.c", cwd=tmp_path)
    run(cc, "-o", "app", "a.c", "build/libf.so", cwd=tmp_path)
    main(["check", "--format", "json", str(tmp_path / "app")])
    report = json.loads(capsys.readouterr().out)
    assert report["findings"] == []
    assert any("build/libf.so" in gap["reason"] for gap in report["not_checked"])


def test_glibc_2_99(tmp_path: Path, causes: Asked) -> None:
    cc = need_tool("gcc")
    c_file(tmp_path, "stub.c", "int tomorrow(void) { return 0; }\n")
    c_file(tmp_path, "map", "GLIBC_2.99 { global: tomorrow; };\n")
    run(
        *(cc, "-shared", "-nostdlib", "-fPIC", "-Wl,--version-script=map"),
        *("-Wl,-soname,libm.so.6", "-o", "libm.so.6", "stub.c"),
        cwd=tmp_path,
    )
    source = c_file(tmp_path, "a.c", "int tomorrow(void);\nint main(void) { return tomorrow(); }\n")
    program = tmp_path / "app"
    run(cc, "-o", program, source, "./libm.so.6", cwd=tmp_path)
    assert causes(program)[:1] == ["run.libc-mismatch"]
    said = subprocess.run([program], capture_output=True, text=True, check=False, timeout=20)
    assert "version `GLIBC_2.99' not found" in said.stderr


def test_amd64_process_with_an_arm64_library(tmp_path: Path, causes: Asked) -> None:
    cc, arm = need_tool("gcc"), need_tool("aarch64-linux-gnu-gcc")
    c_file(tmp_path, "f.c", "int f(void) { return 0; }\n")
    c_file(tmp_path, "a.c", "int f(void);\nint main(void) { return f(); }\n")
    run(cc, "-shared", "-fPIC", "-o", "libf.so", "f.c", cwd=tmp_path)
    run(cc, "-o", "app", "a.c", "-L.", "-lf", "-Wl,-rpath,$ORIGIN", cwd=tmp_path)
    assert causes(tmp_path / "app") == []
    run(arm, "-shared", "-fPIC", "-o", "libf.so", "f.c", cwd=tmp_path)
    assert causes(tmp_path / "app")[:1] == ["run.library-arch"]
    assert causes(tmp_path / "libf.so")[:1] == ["run.library-arch"]
    said = subprocess.run(
        [tmp_path / "app"], capture_output=True, text=True, check=False, timeout=20
    )
    assert "cannot open shared object file: No such file or directory" in said.stderr
    (tmp_path / "libf.so").unlink()
    assert causes(tmp_path / "app")[:1] == ["run.library-missing"]


def test_mixed_archive(tmp_path: Path, causes: Asked) -> None:
    cc, arm, ar = need_tool("gcc"), need_tool("aarch64-linux-gnu-gcc"), need_tool("ar")
    c_file(tmp_path, "f.c", "int f(void) { return 0; }\n")
    run(cc, "-c", "-o", "one.o", "f.c", cwd=tmp_path)
    run(cc, "-c", "-o", "two.o", "f.c", cwd=tmp_path)
    run(ar, "rcs", "lib.a", "one.o", "two.o", cwd=tmp_path)
    assert causes(tmp_path / "lib.a") == []
    run(arm, "-c", "-o", "three.o", "f.c", cwd=tmp_path)
    run(ar, "rcs", "lib.a", "three.o", cwd=tmp_path)
    assert causes(tmp_path / "lib.a")[:1] == ["build.link-arch"]


def test_x86_64_v4_note(tmp_path: Path, causes: Asked) -> None:
    cc = need_tool("gcc")
    program = tmp_path / "app"
    source = c_file(tmp_path, "a.c", MAIN)
    run(cc, "-Wl,-z,x86-64-v4", "-o", program, source, cwd=tmp_path)
    host = host_file("here", tmp_path, {"host.isa_level": "x86-64-v3"})
    assert causes("--host", host, program)[:1] == ["run.cpu-feature"]
    host = host_file("here", tmp_path, {"host.isa_level": "x86-64-v4"})
    assert causes("--host", host, program) == []


def test_4k_aligned_arm64_on_64k_pages(tmp_path: Path, causes: Asked) -> None:
    cc = need_tool("aarch64-linux-gnu-gcc")
    source = c_file(tmp_path, "a.c", MAIN)
    host = host_file("linux-arm64-64k", tmp_path)
    flags = ["-static", "-Wl,-z,max-page-size=4096"]
    run(cc, *flags, "-o", "small", source, cwd=tmp_path)
    run(cc, "-static", "-o", "large", source, cwd=tmp_path)
    assert causes("--host", host, tmp_path / "small")[:1] == ["run.page-size"]
    assert causes("--host", host, tmp_path / "large") == []


TBD = """\
--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '/usr/lib/libSystem.B.dylib'
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ dyld_stub_binder ]
...
"""


def linked_for_mac(folder: Path, isa: str, macos: str, *args: str | Path) -> None:
    lld = need_tool("ld64.lld", "/usr/lib/llvm-14/bin/ld64.lld")
    (folder / "libSystem.tbd").write_text(TBD)
    version = ("-platform_version", "macos", macos, macos)
    run(lld, "-arch", isa, *version, *args, "libSystem.tbd", cwd=folder)


def compiled_for_mac(folder: Path, isa: str, name: str, text: str) -> Path:
    clang = need_tool("clang")
    out = folder / f"{name}-{isa}.o"
    source = c_file(folder, f"{name}.c", text)
    run(clang, "-target", f"{isa}-apple-macos11", "-c", "-o", out, source, cwd=folder)
    return out


def test_x86_64_dylib_in_an_arm64_process(tmp_path: Path, causes: Asked) -> None:
    for isa in ("arm64", "x86_64"):
        part = compiled_for_mac(tmp_path, isa, "speed", "int speed(void) { return 0; }\n")
        dylib = ("-dylib", "-install_name", "@rpath/libspeed.dylib", "-o", f"{isa}.dylib")
        linked_for_mac(tmp_path, isa, "11.0", *dylib, part)
    program = compiled_for_mac(
        tmp_path, "arm64", "app", "int speed(void);\nint main(void) { return speed(); }\n"
    )
    rpath = ("-rpath", "@loader_path", "-o", "app")
    linked_for_mac(tmp_path, "arm64", "11.0", *rpath, program, "arm64.dylib")
    host = host_file("mac-m1", tmp_path)
    shutil.copy(tmp_path / "arm64.dylib", tmp_path / "libspeed.dylib")
    assert causes("--host", host, tmp_path / "app") == []
    shutil.copy(tmp_path / "x86_64.dylib", tmp_path / "libspeed.dylib")
    assert causes("--host", host, tmp_path / "app")[:1] == ["run.library-arch"]


def test_macos_26_minimum_on_macos_12(tmp_path: Path, causes: Asked) -> None:
    program = compiled_for_mac(tmp_path, "arm64", "app", MAIN)
    linked_for_mac(tmp_path, "arm64", "26.0", "-o", "app", program)
    host = host_file("mac-m1", tmp_path, {"host.os_version": "12.6"})
    assert causes("--host", host, tmp_path / "app")[:1] == ["run.os-too-old"]
    host = host_file("mac-m1", tmp_path, {"host.os_version": "26.1"})
    assert causes("--host", host, tmp_path / "app") == []


def test_this_hosts_own_programs_fit() -> None:
    """Each finding is so: a script whose interpreter is not on this machine, nothing else."""
    for result in archfit.check("/usr/bin"):
        for finding in result.findings:
            assert finding.rule == "run.script-interpreter", finding
            facts = result.facts
            names = [facts[key].value for key in ("script.interpreter", "script.args")]
            wanted = str(names[1] if str(names[0]).endswith("/env") else names[0]).split()[0]
            assert shutil.which(wanted) is None, finding
