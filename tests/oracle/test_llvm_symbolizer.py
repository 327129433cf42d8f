"""C, C++ and Rust frames agree with `llvm-symbolizer --inlines`, the whole chain of each."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from archfit.crash.symbolizer import Frame, open_binary
from go_programs import build
from symbolize_programs import compile_c, compile_cplusplus, compile_rust
from toolbox import need_tool

Chain = list[tuple[str, str, int]]


def theirs(path: Path, pcs: list[int]) -> list[Chain]:
    command = [need_tool("llvm-symbolizer"), "--inlines", "--no-demangle", "-e", str(path)]
    text = "".join(f"{pc:#x}\n" for pc in pcs)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    chains = []
    for block in done.stdout.strip("\n").split("\n\n"):
        lines = block.split("\n")
        chain = []
        for name, place in zip(lines[0::2], lines[1::2], strict=True):
            file, line, _ = place.rsplit(":", 2)
            chain.append((name, file, int(line)))
        chains.append(chain)
    return chains


def _same(mine: list[Frame], their: Chain, aliases: dict[str, int]) -> bool:
    if not mine or mine[0].source != "dwarf":
        # It takes files from STT_FILE symbols, and knows no trust; names must agree.
        named = mine[0].function if mine else "??"
        if not mine or mine[0].trust == "DECLARED" or named == their[0][0]:
            return True
        return aliases.get(named) == aliases.get(their[0][0], -1)
    if [(f.file or "??", f.line) for f in mine] != [row[1:] for row in their]:
        return False
    if [f.function for f in mine[:-1]] != [row[0] for row in their[:-1]]:
        return False
    # It names the real function by its symbol, which may be a clone (main.cold) or an alias:
    # two constructors, or functions that the linker folded into one.
    real, symbol = mine[-1].function or "??", their[-1][0]
    return real == symbol.partition(".")[0] or aliases.get(real) == aliases.get(symbol, -1)


def compare(path: Path, step: int = 1) -> tuple[int, int]:
    """(addresses compared, of which in inlined calls)."""
    with ExitStack() as stack:
        symbolizer = open_binary(str(path), stack)
        symbolizer.go = None
        address, _, size = symbolizer.binary.parsed.section(".text")
        pcs = list(range(address, address + size, step))
        symbols = symbolizer.binary.symbols()
        assert symbols is not None
        aliases = {symbols.name(name): value for value, _, name in symbols.rows}
        bad, inlined = [], 0
        for pc, their in zip(pcs, theirs(path, pcs), strict=True):
            mine = list(symbolizer.frames(pc))
            inlined += len(mine) > 1
            if not _same(mine, their, aliases):
                bad.append((hex(pc), mine, their))
        assert not bad, (len(bad), bad[:2])
        assert not symbolizer.notes
        return len(pcs), inlined


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize(
    "flags",
    [
        ("-gdwarf-4",),
        ("-gdwarf-5",),
        ("-gz=zlib",),
        ("-gdwarf-4", "-gsplit-dwarf"),
        ("-gdwarf-5", "-gsplit-dwarf"),
        ("-static",),
    ],
)
def test_c(tmp_path: Path, compiler: str, flags: tuple[str, ...]) -> None:
    path = compile_c(tmp_path, "-O2", "-g", *flags, compiler=compiler)
    _, inlined = compare(path, 1 if "-static" not in flags else 97)
    assert inlined or "-static" in flags


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize(
    "flags",
    [
        ("-O2", "-gdwarf-3"),
        ("-O2", "-gdwarf-4"),
        ("-O2", "-gdwarf-5"),
        ("-O2", "-g", "-gz=zlib"),
        ("-O0", "-g"),
        ("-O2", "-gdwarf-5", "-gsplit-dwarf"),
        ("-O2", "-gdwarf-4", "-gsplit-dwarf"),
        ("-O2", "-g", "-fdebug-types-section", "-ffunction-sections", "-Wl,--gc-sections"),
    ],
)
def test_cplusplus(tmp_path: Path, compiler: str, flags: tuple[str, ...]) -> None:
    compare(compile_cplusplus(tmp_path, *flags, compiler=compiler), 3)


def test_a_package_of_split_units(tmp_path: Path) -> None:
    path = compile_cplusplus(tmp_path, "-O2", "-gdwarf-5", "-gsplit-dwarf", compiler="clang++")
    dwp = need_tool("llvm-dwp", "llvm-dwp-14")
    subprocess.run([dwp, "-e", str(path), "-o", f"{path}.dwp"], cwd=tmp_path, check=True)
    (tmp_path / "object.dwo").unlink()
    _, inlined = compare(path, 3)
    assert inlined


def test_a_debug_file_by_build_id_or_link(tmp_path: Path) -> None:
    path = compile_cplusplus(tmp_path, "-O2", "-g")
    bare = tmp_path / "bare"
    for command in (
        ["--only-keep-debug", str(path), str(tmp_path / "bare.debug")],
        ["--strip-all", f"--add-gnu-debuglink={tmp_path / 'bare.debug'}", str(path), str(bare)],
    ):
        subprocess.run([need_tool("objcopy"), *command], check=True, cwd=tmp_path)
    with ExitStack() as stack:
        whole, stripped = open_binary(str(path), stack), open_binary(str(bare), stack)
        address, _, size = whole.binary.parsed.section(".text")
        for pc in range(address, address + size, 7):
            expected = whole.frames(pc)
            if expected and expected[0].source == "dwarf":
                assert stripped.frames(pc) == expected


def test_rust(tmp_path: Path) -> None:
    path = compile_rust(tmp_path)
    if path is None:
        pytest.skip("needs rustc, which is not on PATH")
    compare(path, 101)


def test_go_inlined_calls_as_in_dwarf() -> None:
    """Go's own tables tell the same chains as the DWARF of the unstripped program."""
    for release in ("1.19", "", "1.27.3"):
        with ExitStack() as stack:
            symbolizer = open_binary(str(build("pure", release)), stack)
            assert symbolizer.go is not None
            functions = symbolizer.go.functions
            inlined = 0
            for pc in range(functions.text, functions.end, 211):
                own, dwarf = symbolizer.frames(pc), symbolizer._by_dwarf(pc)
                if not own or not dwarf or not own[0].line:
                    continue
                # What the compiler made itself (wrappers, equality) is told apart nowhere.
                if "<autogenerated>" in {frame.file for frame in (*own, *dwarf)}:
                    continue
                inlined += len(own) > 1
                names = [frame.function.partition("[")[0] for frame in own]
                assert names == [frame.function.partition("[")[0] for frame in dwarf], hex(pc)
                if own[0].line > 1:
                    assert [f.line for f in own] == [f.line for f in dwarf], hex(pc)
            assert inlined > 100
