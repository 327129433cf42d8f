"""Real programs of two C libraries, dynamic and static, with and without symbols."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from archfit.formats import elf
from toolbox import need_tool

PLAIN = "int main(void) { return 0; }\n"
PRINTS = """#include <errno.h>
#include <stdio.h>
#include <string.h>
int main(int n, char **v) { errno = n; puts(strerror(errno)); return v == 0; }
"""


@pytest.mark.parametrize(
    ("tool", "flags", "source", "strip", "want"),
    [
        ("gcc", [], PLAIN, True, "glibc"),
        ("gcc", ["-static"], PLAIN, False, "glibc"),
        ("gcc", ["-static"], PRINTS, True, "glibc"),
        ("gcc", ["-static-pie"], PRINTS, True, "glibc"),
        ("gcc", ["-nostdlib", "-static", "-Wl,-emain"], PLAIN, False, "none"),
        ("gcc", ["-shared", "-fPIC"], PRINTS, True, "glibc"),
        ("gcc", ["-shared", "-fPIC", "-nostdlib"], PLAIN, True, None),
        ("gcc", ["-c"], PRINTS, False, None),
        ("musl-gcc", [], PLAIN, True, "musl"),
        ("musl-gcc", ["-static"], PLAIN, False, "musl"),
        ("musl-gcc", ["-static"], PRINTS, True, "musl"),
        # Nothing of musl is left that could be told from any other code.
        ("musl-gcc", ["-static"], PLAIN, True, "none"),
        ("aarch64-linux-gnu-gcc", [], PLAIN, True, "glibc"),
    ],
)
def test_c_libraries(
    tmp_path: Path, tool: str, flags: list[str], source: str, strip: bool, want: str | None
) -> None:
    (tmp_path / "a.c").write_text(source)
    out = tmp_path / "out"
    words = [need_tool(tool), str(tmp_path / "a.c"), "-o", str(out), *flags]
    subprocess.run([*words, *(["-s"] if strip and "-c" not in flags else [])], check=True)
    found = elf.read(out.read_bytes())
    assert found.libc == want, found.libc_mark
    assert found.static is any(flag.startswith("-static") for flag in flags)
    assert found.pie is (found.type == "executable" and found.header.type == 3)


def test_lowest_glibc_of_a_real_program(tmp_path: Path) -> None:
    """`__libc_start_main` has had a new version since 2.34, and the linker names it."""
    (tmp_path / "a.c").write_text(PLAIN)
    subprocess.run([need_tool("gcc"), str(tmp_path / "a.c"), "-o", str(tmp_path / "a")], check=True)
    found = elf.read((tmp_path / "a").read_bytes())
    done = subprocess.run(
        [need_tool("objdump"), "-T", str(tmp_path / "a")],
        capture_output=True,
        text=True,
        check=True,
    )
    named = {w.strip("()") for w in done.stdout.split() if w.startswith(("GLIBC_", "(GLIBC_"))}
    numbers = [[int(n) for n in word[6:].split(".")] for word in named]
    assert found.glibc_min == ".".join(map(str, max(numbers)))


def test_levels_and_hardening_of_gcc(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(PLAIN)
    flags = ["-march=x86-64-v3", "-mneeded", "-fcf-protection=full", "-nostdlib", "-static"]
    words = [need_tool("gcc"), "-Wl,-emain", str(tmp_path / "a.c"), "-o", str(tmp_path / "a")]
    subprocess.run([*words, *flags], check=True)
    found = elf.read((tmp_path / "a").read_bytes())
    assert found.isa_level == "x86-64-v3"
    assert found.hardening == ("ibt", "shstk")
    cc = need_tool("aarch64-linux-gnu-gcc")
    words = [cc, "-mbranch-protection=standard", "-nostdlib", "-static", "-Wl,-emain"]
    subprocess.run([*words, str(tmp_path / "a.c"), "-o", str(tmp_path / "b")], check=True)
    assert elf.read((tmp_path / "b").read_bytes()).hardening == ("bti", "pac")


@pytest.mark.parametrize("size", [4096, 16384, 65536])
@pytest.mark.parametrize("linker", ["bfd", "lld"])
def test_page_size_that_a_linker_was_told(tmp_path: Path, size: int, linker: str) -> None:
    cc = need_tool("aarch64-linux-gnu-gcc")
    ld = need_tool("aarch64-linux-gnu-ld" if linker == "bfd" else "ld.lld")
    source, made, out = tmp_path / "a.c", tmp_path / "a.o", tmp_path / "a"
    source.write_text("int a[64] = {1}; int main(void) { return a[0]; }\n")
    subprocess.run([cc, "-c", str(source), "-o", str(made)], check=True)
    words = [ld, "-static", "-e", "main", "-z", f"max-page-size={size}", str(made), "-o", str(out)]
    subprocess.run([*words, "-z", "common-page-size=4096"], check=True)
    found = elf.read((tmp_path / "a").read_bytes())
    assert found.segment_align is not None
    assert found.segment_align >= size
    assert found.load_align == size
    if linker == "lld":
        assert found.segment_align == size
