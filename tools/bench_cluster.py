"""`archfit crash cluster` beside its peers on the same crashes, and its growth.

    tools/bench_cluster.py --count 2000 [--siggen PYTHON] [--growth 10000,100000,1000000]

Peers get the same texts, one crash each: panicparse (Debian) its first bucket's functions,
siggen (PyPI, run with the Python that has it: it is under MPL and no dependency) its signature
of the functions. ``--growth`` writes docs/images/crash-cluster-growth.svg.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cluster_truth import HEADER, fit
from make_crashes import write

from archfit.formats.go_traceback import read

OUT = Path(__file__).resolve().parent.parent / "docs" / "images" / "crash-cluster-growth.svg"
_SIGGEN = """
import json, sys
from siggen.generator import SignatureGenerator
make = SignatureGenerator()
for line in sys.stdin:
    frames = [{"frame": n, "function": f} for n, f in enumerate(json.loads(line))]
    crash = {"os": "Linux", "crashing_thread": 0, "threads": [{"frames": frames}]}
    print(json.dumps(make.generate(crash).signature))
"""
_BUCKET = re.compile(r"^\d+: ", re.M)


def archfit(path: Path, members: Path) -> float:
    """Seconds of the whole command."""
    start = time.perf_counter()
    verb = [sys.executable, "-m", "archfit", "crash", "cluster", "--members", str(members)]
    subprocess.run([*verb, str(path)], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def panicparse(texts: list[str]) -> list[str]:
    """The functions of the first bucket, the one that died."""
    program = shutil.which("panicparse") or shutil.which("pp")
    if program is None:
        return []
    out = []
    for text in texts:
        done = subprocess.run(
            [program, "-no-color"], input=text, capture_output=True, text=True, check=False
        ).stdout
        buckets = list(_BUCKET.finditer(done))
        last = buckets[1].start() if len(buckets) > 1 else len(done)
        block = done[buckets[0].end() : last] if buckets else ""
        rows = [line.split() for line in block.split("\n")[1:] if line.startswith("    ")]
        out.append(
            " ".join(row[0] + "." + row[2].partition("(")[0] for row in rows if len(row) > 2)
        )
    return out


def siggen(python: str, texts: list[str]) -> list[str]:
    """Its signatures of the dying goroutine's functions."""
    lines = []
    for text in texts:
        dump = next(iter(read(text)), None)
        frames = dump.first.frames if dump is not None and dump.first else ()
        lines.append(json.dumps([frame.function for frame in frames]))
    done = subprocess.run(
        [python, "-c", _SIGGEN], input="\n".join(lines), capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def compare(count: int, python: str) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        path, told = Path(folder) / "c.jsonl", Path(folder) / "t.tsv"
        members = Path(folder) / "m.tsv"
        write(count, path, told, seed=11, bugs=max(40, count // 20), stacks=count // 2)
        truth = [line.split("\t")[1] for line in told.read_text().splitlines()]
        texts = [json.loads(line)["text"] for line in path.open()]
        seconds = archfit(path, members)
        rows = [line.split("\t") for line in members.read_text().splitlines()]
        print(f"{count:,} crashes, {len(set(truth)):,} causes\n{'':14}{HEADER}   seconds")
        print(f"{'archfit':14}{fit([row[1] for row in rows], truth)} {seconds:9.2f}")
        for name, run in (("panicparse", panicparse), ("siggen", None)):
            start = time.perf_counter()
            found = run(texts) if run else siggen(python, texts) if python else []
            if not found:
                print(f"{name:14}not here")
                continue
            print(f"{name:14}{fit(found, truth)} {time.perf_counter() - start:9.2f}")


def growth(counts: list[int]) -> None:
    """Measure and draw seconds over crashes."""
    points = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.jsonl"
        for count in counts:
            write(count, path, None)
            points.append((count, archfit(path, Path(folder) / "m.tsv")))
            print(f"{count:>10,} crashes {points[-1][1]:8.2f} s")
    draw(points)


def draw(points: list[tuple[int, float]]) -> None:
    """Write the plot: seconds over crashes, both on a logarithmic scale."""
    from math import log10

    low, high = log10(points[0][0]), log10(points[-1][0])
    top = log10(max(s for _, s in points)) + 0.2

    def at(count: float, seconds: float) -> tuple[float, float]:
        x = 60 + 500 * (log10(count) - low) / max(high - low, 1e-9)
        return x, 280 - 240 * (log10(max(seconds, 0.1)) + 1) / (top + 1)

    first = points[0]
    bound = [
        (n, first[1] * n * log10(n) / (first[0] * log10(first[0]))) for n, _ in points
    ]  # n log n from the first point
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 330" font-family="sans-serif" '
        'font-size="12"><rect width="600" height="330" fill="#fff"/>'
    ]
    for line, colour, dash in ((points, "#0969da", ""), (bound, "#999", ' stroke-dasharray="4"')):
        places = " ".join(f"{x:.1f},{max(y, 10):.1f}" for x, y in (at(*p) for p in line))
        parts.append(f'<polyline points="{places}" fill="none" stroke="{colour}"{dash}/>')
    for count, seconds in points:
        x, y = at(count, seconds)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#0969da"/>')
        parts.append(f'<text x="{x - 20:.1f}" y="{y - 8:.1f}">{seconds:.1f} s</text>')
        parts.append(f'<text x="{x - 25:.1f}" y="300">{count:,}</text>')
    parts.append('<text x="200" y="322">crashes; dashed: n log n from the first</text></svg>\n')
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text("".join(parts))


def main() -> None:
    parser = argparse.ArgumentParser(description="crash clusters beside their peers")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--siggen", default="", metavar="PYTHON", help="a Python with siggen")
    parser.add_argument("--growth", default="", metavar="N,N,...")
    args = parser.parse_args()
    compare(args.count, args.siggen)
    if args.growth:
        growth([int(n) for n in args.growth.split(",")])


if __name__ == "__main__":
    main()
