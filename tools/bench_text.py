"""Build logs in bulk, and a text of 100 KB from the shell.

    tools/bench_text.py [--size 100] [--rounds 5] [--large]

Lays down a log of ``--size`` MB as CI systems show one (cmake, gcc, cargo, npm, go, pip, docker,
with timestamps and colour, warnings by the thousand, one true failure near the end), then prints
MB/s of `archfit check` on it as a process of its own, with its peak memory; the time of
`archfit check` on a text of 100 KB, everything included; ``--large`` adds a log of 1 GB.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = ("core", "net", "render", "io", "codec", "ui", "db", "crypto", "json", "audio")
FAILURE = (
    "/opt/ci/bin/protoc: error while loading shared libraries: libprotobuf.so.32: "
    "cannot open shared object file: No such file or directory"
)


def lines(seed: int, plain: bool) -> Iterator[str]:
    """Lines of a build that goes well, for ever."""
    rng = random.Random(seed)
    count = 0
    while True:
        count += 1
        module = rng.choice(MODULES)
        name = f"{rng.choice('abcdefgh')}{rng.randrange(9999)}"
        kind = rng.random()
        if kind < 0.35:
            line = f"[{count % 100:3d}%] Building CXX object src/{module}/CMakeFiles/{name}.cc.o"
        elif kind < 0.5:
            line = (
                f"/usr/bin/c++ -DNDEBUG -I/build/src/{module} -I/build/include -O2 -g -Wall "
                f"-std=gnu++17 -fPIC -MD -MT {name}.cc.o -MF {name}.d -o {name}.cc.o -c {name}.cc"
            )
        elif kind < 0.6:
            line = (
                f"/build/src/{module}/{name}.cc:{rng.randrange(900)}:{rng.randrange(80)}: warning: "
                f"unused parameter 'ctx' [-Wunused-parameter]"
            )
        elif kind < 0.66:
            line = f"  {rng.randrange(900)} | int {name}(struct {module}_state *state, int ctx) {{"
        elif kind < 0.7:
            line = "      |              ~~~~^~~"
        elif kind < 0.8:
            line = f"   Compiling {module}-{name} v0.{rng.randrange(30)}.{rng.randrange(9)}"
        elif kind < 0.86:
            line = (
                f"npm WARN deprecated {module}-{name}@{rng.randrange(9)}.0.0: no longer supported"
            )
        elif kind < 0.92:
            line = f"go: downloading github.com/{module}/{name} v1.{rng.randrange(40)}.0"
        elif kind < 0.95:
            line = f"#{rng.randrange(30)} {rng.random() * 900:.3f} Get:{count} bookworm/main {name}"
        elif kind < 0.97:
            line = f"checking for {name}.h... no such file or directory; using the one of {module}"
        elif kind < 0.99:
            line = f"ok  \texample.com/{module}/{name}\t{rng.random() * 9:.3f}s"
        else:
            line = f"\x1b[33mwarning\x1b[0m: {module}: cannot find {name}, the error is not fatal"
        if not plain:
            line = (
                f"2024-05-06T10:{count // 60 % 60:02d}:{count % 60:02d}.{count % 10**7:07d}Z {line}"
            )
        yield line


def lay(path: Path, size: int, plain: bool) -> None:
    """A log of ``size`` bytes; its failure stands before the last 20 lines."""
    source = lines(7, plain)
    with path.open("w") as out:
        done = 0
        while done < size:
            line = next(source)
            done += out.write(f"{line}\n")
        out.write(f"{FAILURE}\nmake: *** [Makefile:12: gen] Error 127\n")
        out.writelines(f"{next(source)}\n" for _ in range(20))


def check(path: Path) -> tuple[float, int]:
    """Seconds and peak memory (MB) of `archfit check` on a file; it must find the failure."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "archfit", "check", "--format", "json", str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(HERE.parent / "src")},
    )
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    assert b"libprotobuf.so.32 is not found" in out, out[:500]
    return seconds, usage.ru_maxrss // 1024


def start_time(rounds: int) -> float:
    """Milliseconds of `archfit --version`: what is not the search's."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "archfit", "--version"], stdout=subprocess.DEVNULL, check=True
        )
        best = min(best, time.perf_counter() - start)
    return best * 1000


def main() -> int:
    """Lay down, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100, help="MB of the build log")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="a log of 1 GB too")
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, "small.log")
        lay(small, 100_000, plain=False)
        runs = sorted(check(small)[0] for _ in range(2 * args.rounds))
        print(f"archfit --version                  {start_time(args.rounds):7.0f} ms")
        print(
            f"archfit check, 100 KB              {runs[0] * 1000:7.0f} ms best, "
            f"{runs[len(runs) // 2] * 1000:.0f} ms median"
        )
        sizes = [(args.size, True), (args.size, False), *([(1000, False)] if args.large else [])]
        for size, plain in sizes:
            path = Path(folder, "build.log")
            lay(path, size * 1_000_000, plain)
            rounds = args.rounds if size <= 200 else 1
            best, peak = min(check(path) for _ in range(rounds))
            kind = "plain" if plain else "timestamps"
            print(
                f"archfit check, {size:4d} MB, {kind:10}  {size / best:8.1f} MB/s, "
                f"peak {peak} MB, {best:.2f} s"
            )
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
