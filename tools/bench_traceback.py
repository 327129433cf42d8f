"""Goroutine dumps in bulk, beside panicparse in the same run.

    tools/bench_traceback.py [--goroutines 10000] [--rounds 5] [FILE]

Without FILE the program tools/tracebacks/pure is built with Go 1.27.3 (or the Go on PATH) and
made to panic with that many goroutines. Prints, for each: the best of the rounds in seconds
and MB/s. panicparse runs as a process, as it is used; that of archfit is timed inside this
one, and once more as a process of its own with the start of Python. `archfit check` is
started as from a shell, on the file and on its first line alone: what the rest of the file
costs is its marginal speed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "src"))

from archfit.formats.go_traceback import read  # noqa: E402
from archfit.formats.goroutine_summary import summary  # noqa: E402

CHECK = "import sys; from archfit.cli.main import main; sys.exit(main())"
ALONE = (
    "import sys; from archfit.formats.goroutine_summary import summary;"
    "[print(len(b.ids), b.state, [f.function for f in b.frames])"
    " for b in summary(open(sys.argv[1]).read())]"
)


def dump(goroutines: int, folder: Path) -> Path:
    """A dump of that many goroutines, as GOTRACEBACK=all prints it."""
    for toolchain in ("go1.27.3", "local"):
        env = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": toolchain, "GOFLAGS": ""}
        exe = folder / "pure"
        source = HERE / "tracebacks" / "pure"
        argv = ["go", "build", "-buildvcs=false", "-o", str(exe), "."]
        if subprocess.run(argv, cwd=source, env=env, check=False).returncode == 0:
            break
    out = folder / "crowd.txt"
    with out.open("wb") as stream:
        argv = [str(exe), "crowd", str(goroutines)]
        env = {**os.environ, "GOTRACEBACK": "all"}
        subprocess.run(argv, env=env, stderr=stream, check=False)
    return out


def best(rounds: int, what: Callable[[], object]) -> float:
    """Seconds of the fastest round."""
    least = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        what()
        least = min(least, time.perf_counter() - start)
    return least


def main() -> int:
    parser = argparse.ArgumentParser(description="Goroutine dumps in bulk, beside panicparse.")
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--goroutines", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=5)
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = wish.file or dump(wish.goroutines, Path(name))
        size = path.stat().st_size / 1e6
        buckets = summary(path.read_text(errors="replace"))
        total = sum(len(b.ids) for b in buckets)
        print(f"{path.name}: {size:.2f} MB, {total} goroutines, {len(buckets)} buckets")
        for bucket in buckets[:6]:
            print(f"  {len(bucket.ids):6d} [{bucket.state}] {bucket.frames[0].function}")
        env = {**os.environ, "PYTHONPATH": str(HERE.parent / "src")}
        rows = {
            "archfit summary": lambda: summary(path.read_text(errors="replace")),
            "archfit read": lambda: read(path.read_text(errors="replace")),
            "archfit read, all stacks": lambda: [
                g.frames for d in read(path.read_text(errors="replace")) for g in d.goroutines
            ],
            "archfit summary, process": lambda: subprocess.run(
                [sys.executable, "-c", ALONE, str(path)], env=env, capture_output=True, check=True
            ),
        }
        small = Path(name) / "first-line.txt"
        small.write_text(path.read_text(errors="replace").partition("\n")[0] + "\n")

        def check(what: Path) -> None:
            argv = [sys.executable, "-c", CHECK, "check", str(what)]
            subprocess.run(argv, env=env, capture_output=True, check=False)

        rows["archfit check, process"] = lambda: check(path)
        rows["archfit check, first line"] = lambda: check(small)
        tool = shutil.which("panicparse") or shutil.which("pp")

        def peer() -> None:
            with path.open("rb") as stream:
                argv = [str(tool), "-parse=false"]
                subprocess.run(argv, stdin=stream, capture_output=True, check=False)

        if tool:
            rows["panicparse"] = peer
        else:
            print("panicparse is not on PATH: no ratio")
        took = {}
        for title, what in rows.items():
            took[title] = best(wish.rounds, what)
            print(f"{title:26s} {took[title]:8.4f} s {size / took[title]:8.1f} MB/s")
        more = took["archfit check, process"] - took["archfit check, first line"]
        print(f"archfit check, marginal: {size / max(more, 1e-6):.1f} MB/s")
        if tool:
            for title in ("archfit summary", "archfit summary, process", "archfit check, process"):
                print(f"panicparse / {title}: {took['panicparse'] / took[title]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
