"""What the bench of SQLite drivers found, gathered, and in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from archfit.lab import sqlite_bench, sqlite_drivers
from archfit.lab.catalogue import GoToolchain, machine
from archfit.lab.sqlite_bench import Bench
from archfit.lab.sqlite_drivers import Driver
from archfit.model.errors import Unavailable

#: The lowest release of Go that the recipes' go.mod asks for.
LOWEST = (1, 26)


def newest_here(tools: Sequence[GoToolchain]) -> GoToolchain:
    """The first toolchain that is new enough. Raises Unavailable."""
    for tool in tools:
        words = tool.version.split(".")
        if len(words) > 1 and words[1].isdigit() and (int(words[0]), int(words[1])) >= LOWEST:
            return tool
    raise Unavailable(
        "no Go 1.26 or later on this machine, which the drivers need",
        "archfit lab bench sqlite --go 1.27.3",
    )


def gather(bench: Bench, drivers: Sequence[Driver], stages: Sequence[str]) -> dict[str, Any]:
    """Schema ``archfit.lab-sqlite/1``. A stage that fails is in the driver's ``errors``."""
    rows = [_driver(bench, driver, stages) for driver in drivers]
    return {
        "schema": "archfit.lab-sqlite/1",
        "go": bench.tool.version,
        "machine": machine(),
        "sizes": asdict(bench.sizes),
        "from_cache": bench.cached,
        "drivers": rows,
    }


def _driver(bench: Bench, driver: Driver, stages: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": driver.name,
        "module": driver.module,
        "version": sqlite_drivers.version(driver),
        "on": list(sqlite_drivers.rest_of(driver)),
        "cgo": driver.cgo,
        "by": driver.by,
        "how": driver.how,
        "errors": [],
    }

    def put(stage: str, name: str, make: Callable[[], Any]) -> Any:
        try:
            return bench.of(driver, stage, name, make)
        except Unavailable as error:
            row["errors"].append(f"{stage} {name}: {error.why}".strip())
            return None

    once: dict[str, Callable[[Bench, Driver], dict[str, Any]]] = {
        "build": sqlite_bench.build,
        "measure": sqlite_bench.measure,
        "kill": sqlite_bench.kill,
        "leak": sqlite_bench.leak,
    }
    for stage, make in once.items():
        if stage in stages:
            row[stage] = put(stage, "", partial(make, bench, driver))
    if "cross" in stages:
        row["cross"] = {
            target: put("cross", target, partial(sqlite_bench.cross, bench, driver, target))
            for target in sqlite_bench.TARGETS
        }
        if driver.cgo:
            made = put("cross", "without-cgo", partial(sqlite_bench.without_cgo, bench, driver))
            row["without_cgo"] = made
    if "safety" in stages:
        row["safety"] = {
            name: put("safety", name, partial(sqlite_bench.safety, bench, driver, name))
            for name in sqlite_bench.DETECTORS
        }
    return row


def lines(document: dict[str, Any]) -> Iterator[str]:
    """For a terminal."""
    sizes, rows = document["sizes"], document["drivers"]
    yield (
        f"go{document['go']}, {document['machine']}: {sizes['rows']:,} rows of 100 bytes in one"
        f" transaction, {sizes['transactions']:,} of one row, {sizes['reads']:,} point reads,"
        f" {sizes['scans']:,} scans of 100 rows, {sizes['seconds']:g} s of 4 readers and a writer"
    )
    first = next((row["measure"] for row in rows if row.get("measure")), None)
    if first:
        pragmas = first["settings"]
        yield (
            f"journal_mode={pragmas['journal_mode']} synchronous={_synchronous(pragmas)}"
            f" cache_size={pragmas['cache_size']} page_size={pragmas['page_size']}"
            f" mmap_size={pragmas['mmap_size']}, one connection a worker"
        )
    for row in rows:
        yield ""
        beside = f" on {', '.join(row['on'])}" if row["on"] else ""
        yield (
            f"{row['module']} {row['version']}{beside}"
            f" ({'cgo' if row['cgo'] else 'no cgo'}, by {row['by']})"
        )
        yield from (f"  {line}" for line in _of(row))


def _synchronous(pragmas: dict[str, str]) -> str:
    return {"0": "OFF", "1": "NORMAL", "2": "FULL", "3": "EXTRA"}.get(
        pragmas["synchronous"], pragmas["synchronous"]
    )


def _of(row: dict[str, Any]) -> Iterator[str]:
    yield from (f"FAILED  {text}" for text in row["errors"])
    built = row.get("build")
    if built and "error" in built:
        yield f"build   failed: {built['error']}"
    elif built:
        busy = f" (load {built['load']:g})" if "load" in built else ""
        yield (
            f"build   cold {built['seconds']:.0f} s{busy}, {_mib(built['peak'])} at its peak;"
            f" program {_mib(built['size'])}, {_mib(built['stripped'])} with -s -w"
        )
    if found := row.get("measure"):
        yield f"{'':28}{'per second':>12}{'p50 us':>10}{'p95':>9}{'p99':>9}{'max':>11}  errors"
        for phase in found["phases"]:
            yield (
                f"{phase['name']:28}{phase['per_second']:>12,.0f}{phase['p50_us']:>10,.1f}"
                f"{phase['p95_us']:>9,.1f}{phase['p99_us']:>9,.1f}{phase['max_us']:>11,.0f}"
                f"{phase['errors']:>8}"
            )
        gc, heap = found["gc"], max(s["heap"] for s in found["samples"])
        yield (
            f"memory  {_mib(found['peak'])} resident at its peak, Go heap up to {_mib(heap)};"
            f" SQLite {found['settings']['sqlite']}"
        )
        yield (
            f"GC      {gc['cycles']} cycles, pauses p50 {gc['pause_p50_us']:,.0f}"
            f" p99 {gc['pause_p99_us']:,.0f} max {gc['pause_max_us']:,.0f} us,"
            f" {_mib(gc['allocated'])} allocated; load of the machine {found['load']:g}"
        )
    if killed := row.get("kill"):
        yield (
            f"kill -9 {killed['kills']} times in mid-write: integrity"
            f" {'ok' if killed['sound'] else 'BROKEN'}, {killed['lost']} committed rows lost"
        )
    if leak := row.get("leak"):
        yield (
            f"leak    over {leak['connections']} connections: resident {_kib(leak['resident'])},"
            f" Go heap {_kib(leak['heap'])}"
        )
    for name, said in (row.get("safety") or {}).items():
        if said:
            word = {True: "FOUND", False: "silent", None: "not run"}[said["found"]]
            yield f"{name:8}{word}: {said['said']}"
    if across := row.get("cross"):
        good = [f"{t} {_mib(c['size'])}" for t, c in across.items() if c and c["ok"]]
        yield f"cross   builds for {len(good)} of {len(across)}: {', '.join(good) or 'none'}"
        bad = ((target, c) for target, c in across.items() if c and not c["ok"])
        yield from (f"        not for {target}: {c['said']}" for target, c in bad)
    if without := row.get("without_cgo"):
        if without["builds"]:
            yield f"        CGO_ENABLED=0 builds, and then says: {without['said']}"
        else:
            yield f"        CGO_ENABLED=0 does not build: {without['said']}"


def _mib(size: float) -> str:
    return f"{size / (1 << 20):.1f} MiB"


def _kib(size: float) -> str:
    return f"{size / 1024:+,.0f} KiB"
