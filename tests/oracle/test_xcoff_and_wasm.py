"""Programs of AIX against llvm-readobj; Go's WebAssembly for the browser and for WASI."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from archfit.formats import wasm, xcoff
from real_files import fetched, run
from toolbox import need_tool


def test_headers_agree_with_readobj() -> None:
    tool = need_tool("llvm-readobj", "llvm-readobj-14")
    paths = fetched("xcoff")
    for path in paths:
        text = run(tool, "--file-headers", "--needed-libs", path)
        found = xcoff.read(path.read_bytes())
        fields = dict(re.findall(r"^ *(\w+): (\S+)", text, re.MULTILINE))
        assert found.bits == int(fields["AddressSize"].removesuffix("bit")), path
        assert found.symbols == int(fields["SymbolTableEntries"]), path
        rows = re.findall(r"^  (\S+)  +(\S+)$", text.partition("NeededLibraries")[2], re.MULTILINE)
        needed = [f"{base}({member})" for base, member in rows if base != "BASE"]
        assert list(found.needed) == needed, path
        executable = int(fields["Flags"], 16) & 0x2002 == 2
        assert (found.type == "executable") == executable, path
    assert len(paths) >= 3


@pytest.mark.parametrize(("system", "name"), [("js", "gojs"), ("wasip1", "wasi_snapshot_preview1")])
def test_wasm_of_go(system: str, name: str, tmp_path: Path) -> None:
    go = need_tool("go")
    (tmp_path / "main.go").write_text("package main\n\nfunc main() { println(1) }\n")
    out = tmp_path / "out.wasm"
    env = os.environ | {"GOOS": system, "GOARCH": "wasm", "GOFLAGS": "-mod=mod", "GOWORK": "off"}
    command = [go, "build", "-o", str(out), str(tmp_path / "main.go")]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = wasm.read(out.read_bytes())
    assert (found.system, found.modules) == (system, (name,))


def test_wasm_of_a_package() -> None:
    found = [wasm.read(path.read_bytes()) for path in fetched("wasm")]
    assert [one.system for one in found] == ["js"]
