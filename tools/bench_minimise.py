"""How long a planted cgo module of 40 files and 20 flags takes to be reduced.

    python tools/bench_minimise.py [--fault mangled|library|flag|pointer ...]

The goal: three files or fewer in under five minutes on two cores. The peer is picire alone
over the files, then over the lines, with the same oracle: no moves, no Go in it.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import tempfile
import time

import plant_cgo

from archfit.lab import minimise as lab
from archfit.lab.case import FILES, LINES

_FAULTS = ("mangled", "library", "flag", "pointer")


def _run(fault: str, plain: bool) -> None:
    with tempfile.TemporaryDirectory() as above:
        os.environ["ARCHFIT_CACHE"] = f"{above}/cache"
        folder = pathlib.Path(above, "shop")
        env, argv = plant_cgo.plant(folder, fault)
        begin = time.monotonic()
        plan = (FILES, LINES) if plain else ()
        found = lab.minimise(argv, str(folder), environ={**os.environ, **env}, plan=plan)
        seconds = time.monotonic() - begin
    first, last = found.first, found.last
    print(
        f"{fault:<8} {'ddmin of files, then lines' if plain else 'archfit':<27}"
        f"{len(first.files):>4} -> {len(last.files):<3} files"
        f"{len(first.flags()):>4} -> {len(last.flags()):<3} flags"
        f"{first.lines():>5} -> {last.lines():<4} lines"
        f"{found.tried:>5} candidates {seconds:6.0f} s"
    )


def main() -> None:
    """Print a line a fault and way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fault", action="append", choices=_FAULTS)
    parser.add_argument("--plain", action="store_true", help="the peer too: takes some minutes")
    args = parser.parse_args()
    for fault in args.fault or ("mangled",):
        _run(fault, False)
        if args.plain:
            _run(fault, True)


if __name__ == "__main__":
    main()
