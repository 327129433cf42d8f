"""The library search against real loaders: on made-up trees of libraries, and on this system."""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archfit.formats import elf
from archfit.host.files import window
from archfit.host.libraries import Libraries
from archfit.host.live import Live
from archfit.model.fact import Fact, Trust
from elf_bytes import BASE
from elf_bytes import elf as make
from toolbox import need_tool

GLIBC, MUSL = "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"
TREES = int(os.environ.get("ARCHFIT_FUZZ", "300"))


def need_loader(path: str) -> str:
    if not os.path.exists(path):
        need_tool(path)
    return path


def host() -> dict[str, Fact]:
    values: dict[str, object] = {
        "host.isa": "amd64",
        "host.runs": ["amd64", "386"],
        "host.libc": "glibc",
        "host.isa_level": level(),
    }
    return {name: Fact(value, Trust.OBSERVED, "test") for name, value in values.items()}


def level() -> str:
    """What the loader itself says, as of --help of glibc 2.33 and later."""
    done = subprocess.run([GLIBC, "--help"], capture_output=True, text=True, check=False)
    found = re.findall(r"(x86-64-v\d) \(supported, searched\)", done.stdout)
    return max(found, default="x86-64-v1")


def listed(loader: str, path: str, env: dict[str, str]) -> dict[str, str | None]:
    """What a loader says it would load, {name: path}."""
    # With --list glibc stops at the first library it misses; tracing goes on.
    words = [loader, "--list", path] if loader == MUSL else [loader, path]
    env = {"LD_TRACE_LOADED_OBJECTS": "1", **env}
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    found: dict[str, str | None] = {}
    for line in (done.stdout + done.stderr).splitlines():
        match = re.match(r"\t?(\S+) => (.*?)(?: \(0x[0-9a-f]+\))?$", line)
        if match and (match[2] != "not found" or match[1] not in found):
            found[match[1]] = None if match[2] == "not found" else match[2]
        missing = re.match(r"Error loading shared library (\S+): ", line)
        if missing:
            found.setdefault(missing[1], None)
        bare = re.match(r"\t(/\S+) \(0x[0-9a-f]+\)$", line)
        if bare and bare[1] != loader:
            found[os.path.basename(bare[1])] = bare[1]
    found.pop("linux-vdso.so.1", None)
    return {name: place for name, place in found.items() if place != loader}


def ours(rows: list[dict[str, Any]], loader: str) -> dict[str, str | None]:
    """The same, of our rows."""
    found: dict[str, str | None] = {}
    for row in rows:
        path = row["path"]
        if row.get("wrong") and loader == MUSL:
            path = row["wrong"][0]["path"]  # musl takes it, and fails on its relocations
        name = os.path.basename(row["name"])
        if row["by"] != "loader" and (path is not None or name not in found):
            found[name] = path
    return found


class Tree:
    """A program and its libraries in a few folders, all picked by chance."""

    def __init__(self, root: Path, seed: int, loader: str) -> None:
        self.chance = random.Random(seed)
        self.root = root / str(seed)
        self.loader = loader
        self.folders = [
            self.root / name for name in ("a", "b", "c/lib", "c/lib/glibc-hwcaps/x86-64-v2")
        ]
        for folder in self.folders:
            folder.mkdir(parents=True)
        self.names = [f"lib{letter}.so.1" for letter in "klmnopq"]
        for name in self.names:
            for folder in self.folders:
                if self.chance.random() < 0.35:
                    (folder / name).write_bytes(self.library(name))
        self.program = self.root / "c/program"
        self.program.write_bytes(self.file(interp=loader, tags=[(0x6FFFFFFB, 0x08000000)]))
        self.program.chmod(0o755)
        self.env = {"LD_LIBRARY_PATH": self.path()} if self.chance.random() < 0.4 else {}

    def path(self) -> str:
        root = self.root
        words = [
            str(root / "a"), str(root / "b"), str(root / "c/lib"), str(root / "nowhere"),
            "$ORIGIN", "$ORIGIN/lib", "${ORIGIN}/../b", "$ORIGIN/../a/", "/tmp/$ORIGINAL",
        ]  # fmt: skip
        if self.loader == GLIBC:
            words += [f"{root}/$PLATFORM", f"{root}/$LIB", "$ORIGIN/$NOTHING"]
        return ":".join(self.chance.sample(words, self.chance.randint(1, 3)))

    def library(self, name: str) -> bytes:
        odd = self.chance.random()
        if odd < 0.08:
            return self.file(machine=183, soname=name, needed=())
        if odd < 0.14 and self.loader == GLIBC:
            return self.file(bits=32, machine=3, soname=name)
        soname = name if odd < 0.8 else self.chance.choice(self.names)
        return self.file(soname=soname)

    def file(self, **what: Any) -> bytes:
        count = self.chance.randint(0, 3) + (2 if "interp" in what else 0)
        what.setdefault("needed", self.chance.sample(self.names, count))
        where = self.chance.random()
        if where < 0.35:
            what["rpath"] = self.path()
        elif where < 0.7:
            what["runpath"] = self.path()
        elif where < 0.75:
            what["rpath"], what["runpath"] = self.path(), self.path()
        size = 1 << 16
        loads = [(1, 7, 0, BASE, size, size, 0x1000)]
        # A file that is wholly mapped, with room, so that a real loader can map it.
        return make(type=3, symbols=True, loads=loads, **what).ljust(size, b"\0")


def trees(root: Path, loader: str) -> Iterator[Tree]:
    for seed in range(TREES):
        yield Tree(root, seed, loader)


@pytest.mark.parametrize("loader", [GLIBC, MUSL])
def test_made_up_trees(tmp_path: Path, loader: str) -> None:
    need_loader(loader)
    for tree in trees(tmp_path, loader):
        libraries = Libraries(Live(tree.env), host())
        rows = libraries.of(str(tree.program), elf.read(tree.program.read_bytes()))
        assert rows is not None
        want = listed(loader, str(tree.program), tree.env)
        got = ours(rows, loader)
        assert got == want, tree.root


def programs() -> list[str]:
    """Programs of this system that its glibc loads, all of them."""
    found = []
    for top in ("/usr/bin", "/usr/sbin", "/usr/lib", "/usr/libexec", "/usr/local"):
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        if file.read(4) == b"\x7fELF":
                            found.append(path)
    return found


def test_programs_of_this_system(tmp_path: Path) -> None:
    need_loader(GLIBC)
    libraries = Libraries(Live({}), host())
    chosen = random.Random(7).sample(programs(), k=len(programs()))
    compared = 0
    for path in chosen:
        with window(path) as (data, _):
            parsed = elf.read(data)
            if parsed.type != "executable" or parsed.interp != GLIBC or not parsed.needed:
                continue
            rows = libraries.of(path, parsed)
        assert rows is not None, path
        want = listed(GLIBC, path, {})
        assert ours(rows, GLIBC) == want, path
        compared += 1
        if compared == 400:
            break
    assert compared >= min(300, len(chosen) // 10)


SOURCE = "int foo(void) { return 1; }\n"
MAIN = "int foo(void); int main(void) { return foo() - 1; }\n"


def compile_pair(tmp_path: Path, cc: str, flags: list[str]) -> tuple[Path, Path]:
    """A program and the library it needs, beside it."""
    (tmp_path / "lib").mkdir(parents=True, exist_ok=True)
    library, program = tmp_path / "lib/libfoo.so", tmp_path / "program"
    (tmp_path / "foo.c").write_text(SOURCE)
    (tmp_path / "main.c").write_text(MAIN)
    both = [cc, "-shared", "-fPIC", "-Wl,-soname,libfoo.so", str(tmp_path / "foo.c"), "-o"]
    subprocess.run([*both, str(library)], check=True)
    words = [cc, str(tmp_path / "main.c"), "-o", str(program), f"-L{library.parent}", "-lfoo"]
    subprocess.run([*words, *flags], check=True)
    return program, library


def test_a_real_library_for_another_machine(tmp_path: Path) -> None:
    flags = ["-Wl,-rpath,$ORIGIN/lib", "-Wl,--enable-new-dtags"]
    program, library = compile_pair(tmp_path / "amd64", need_tool("gcc"), flags)
    _, other = compile_pair(tmp_path / "arm64", need_tool("aarch64-linux-gnu-gcc"), [])
    parsed = elf.read(program.read_bytes())
    rows = Libraries(Live({}), host()).of(str(program), parsed) or []
    assert [row["path"] for row in rows[:2]] == [str(library), libc_path()]
    library.unlink()
    library.write_bytes(other.read_bytes())
    rows = Libraries(Live({}), host()).of(str(program), parsed) or []
    assert rows[0]["path"] is None
    assert rows[0]["wrong"] == [{"path": str(library), "isa": "arm64"}]
    assert listed(GLIBC, str(program), {})["libfoo.so"] is None


def libc_path() -> str:
    path = listed(GLIBC, "/bin/true", {})["libc.so.6"]
    assert path is not None
    return path


def test_musl_takes_the_first_file_whatever_it_is(tmp_path: Path) -> None:
    program, library = compile_pair(tmp_path, need_tool("musl-gcc"), [f"-Wl,-rpath,{tmp_path}/lib"])
    parsed = elf.read(program.read_bytes())
    assert parsed.libc == "musl"
    rows = Libraries(Live({}), host()).of(str(program), parsed) or []
    assert [(row["name"], row["path"], row["by"]) for row in rows] == [
        ("libfoo.so", str(library), "runpath" if parsed.runpath else "rpath"),
        ("libc.so", MUSL, "loader"),
    ]


def test_a_foreign_program_below_the_root_of_its_translator(tmp_path: Path) -> None:
    cc, qemu = need_tool("aarch64-linux-gnu-gcc"), need_tool("qemu-aarch64")
    program, library = compile_pair(tmp_path, cc, ["-Wl,-rpath,$ORIGIN/lib"])
    root = "/usr/aarch64-linux-gnu"
    facts = host() | {"host.sysroots": Fact({"arm64": [root]}, Trust.OBSERVED, "test")}
    rows = Libraries(Live({}), facts).of(str(program), elf.read(program.read_bytes())) or []
    assert {row["name"]: row["path"] for row in rows} == {
        "libfoo.so": str(library),
        "libc.so.6": f"{root}/lib/libc.so.6",
        "ld-linux-aarch64.so.1": f"{root}/lib/ld-linux-aarch64.so.1",
    }
    done = subprocess.run(
        [qemu, "-L", root, "-E", "LD_TRACE_LOADED_OBJECTS=1", str(program)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"libfoo.so => {library} (" in done.stdout
    assert "libc.so.6 => /lib/libc.so.6 (" in done.stdout
    # Without that root there is no loader, so nothing would be loaded.
    assert Libraries(Live({}), host()).of(str(program), elf.read(program.read_bytes())) is None
