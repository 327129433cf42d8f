"""Caches written by the real ldconfig, in its three formats, against `ldconfig -p`."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from archfit.formats.ld_cache import accepted, read
from toolbox import need_tool

#: ldconfig's words for the ABI -> our ISA and variant.
WORDS = {
    "libc6,x86-64": ("amd64", None),
    "libc6,x32": ("amd64", "x32"),
    "libc6,AArch64": ("arm64", None),
    "libc6": ("386", None),
}


def ldconfig() -> str:
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    return need_tool("ldconfig")


def printed(*words: str) -> list[tuple[str, str, str, str]]:
    """(name, ABI, glibc-hwcaps folder, path) of each line of `ldconfig -p`."""
    done = subprocess.run([ldconfig(), *words, "-p"], capture_output=True, text=True, check=True)
    found = []
    for line in done.stdout.splitlines():
        match = re.match(r"\t(\S+) \(([^()]*)\) => (\S+)$", line)
        if match:
            kinds = match[2].split(", ")
            level = next((k.split('"')[1] for k in kinds if k.startswith('hwcap: "')), "")
            found.append((match[1], kinds[0], level, match[3]))
    return found


def compare(cache: Path) -> int:
    entries = read(cache.read_bytes()).entries
    want = printed("-C", str(cache))
    assert len(entries) == len(want)
    # Where ldconfig wrote a place that is wrong by alignment, it prints other text from there.
    found = [
        (e.name, w[2] if e.level == "?" else e.level, e.path)
        for e, w in zip(entries, want, strict=True)
    ]
    assert found == [(n, lv, p) for n, _, lv, p in want]
    for entry, (_, abi, _, _) in zip(entries, want, strict=True):
        if abi in WORDS:
            assert entry.flags in accepted(*WORDS[abi])
    return len(entries)


def test_the_cache_of_this_system() -> None:
    ldconfig()
    cache = Path("/etc/ld.so.cache")
    if not cache.exists():
        pytest.skip("this system has no ld.so.cache")
    assert compare(cache) > 10


@pytest.mark.parametrize("form", ["new", "compat", "old"])
def test_every_format(tmp_path: Path, form: str) -> None:
    gcc = need_tool("gcc")
    (tmp_path / "a.c").write_text("int f(void) { return 0; }\n")
    folders = ["lib", "lib/glibc-hwcaps/x86-64-v2", "lib/glibc-hwcaps/x86-64-v3"]
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
        for name in ("libone.so.1", "libtwo.so.22"):
            words = [gcc, "-shared", f"-Wl,-soname,{name}", str(tmp_path / "a.c")]
            subprocess.run([*words, "-o", str(tmp_path / folder / name)], check=True)
    cache = tmp_path / "cache"
    words = [ldconfig(), "-c", form, "-C", str(cache), "-f", "/dev/null", str(tmp_path / "lib")]
    subprocess.run(words, check=True, capture_output=True)
    assert cache.read_bytes().startswith(b"glibc" if form == "new" else b"ld.so-1.7.0")
    assert compare(cache) >= 2
    if form == "new":
        levels = {entry.level for entry in read(cache.read_bytes()).entries}
        assert levels >= {"", "x86-64-v2", "x86-64-v3"}
