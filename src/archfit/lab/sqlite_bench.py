"""`lab bench sqlite`: real drivers built, cross-built, measured and put under detectors.

What was found is kept under the digest of the program's sources and of the toolchain, so a
repeat costs nothing; ``again`` measures anew. A figure is one run's on this machine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archfit.host import experiment, lab_store
from archfit.host.experiment import Done
from archfit.lab import catalogue, sqlite_drivers
from archfit.lab.sqlite_drivers import Driver
from archfit.model.errors import Unavailable

STAGES = ("build", "measure", "kill", "leak", "cross", "safety")
TARGETS = (
    "linux/amd64",
    "linux/arm64",
    "darwin/arm64",
    "darwin/amd64",
    "windows/amd64",
    "freebsd/amd64",
)
_PASSED = (
    *("PATH", "HOME", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GOAUTH"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
)
#: Bytes of a program's answer that are kept of a failure.
_TAIL = 400


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much work. ``kills``: times that a writer is killed; ``rounds`` of the leak test."""

    rows: int = 200_000
    transactions: int = 5_000
    reads: int = 200_000
    scans: int = 3_000
    seconds: float = 5.0
    kills: int = 10
    rounds: int = 40
    stress: float = 3.0


QUICK = Sizes(20_000, 1_000, 20_000, 500, 1.0, 3, 12, 0.7)


@dataclass(slots=True)
class Bench:
    """What is measured with what."""

    tool: catalogue.GoToolchain
    sizes: Sizes
    offline: bool = False
    again: bool = False
    progress: Callable[[str], None] = field(default=lambda text: None)
    cached: int = 0

    def of(self, driver: Driver, stage: str, name: str, make: Callable[[], Any]) -> Any:
        """A stage's result from the cache, else made and kept."""
        more = [self.tool.version, self.tool.target, stage, name]
        if stage in ("measure", "kill", "leak", "safety"):
            more.append(repr(self.sizes))
        if driver.cgo or stage == "safety":
            compiler = catalogue.compiler_for("gcc", catalogue.machine())
            more.append(compiler.version if compiler else "")
        key = sqlite_drivers.digest(driver, *more)
        path = os.path.join(lab_store.home(), "sqlite", "results", f"{driver.name}-{key}.json")
        kept = lab_store.read(path)
        # How long a cold build takes and what a target says does not change by asking again.
        anew = self.again and stage in ("measure", "kill", "leak")
        if kept is not None and not anew:
            self.cached += 1
            return json.loads(kept)
        self.progress(f"{driver.name}: {stage} {name}")
        result = make()
        lab_store.write(path, json.dumps(result).encode())
        return result

    def environment(self, **more: str) -> dict[str, str]:
        """Of builds and runs: the user's network, the lab's caches."""
        env = {key: os.environ[key] for key in _PASSED if key in os.environ}
        base = os.path.join(lab_store.home(), "sqlite")
        env |= {"LC_ALL": "C", "GOENV": "off", "GOTOOLCHAIN": "local", "GOWORK": "off"}
        env |= {"GOFLAGS": "-mod=readonly -trimpath -buildvcs=false", "CGO_ENABLED": "0"}
        env |= {
            "GOMODCACHE": os.path.join(lab_store.home(), "modules"),
            "GOCACHE": os.path.join(base, "gocache"),
            "GOPROXY": self._proxy(),
            "GOPATH": os.path.join(base, "gopath"),
        }
        if self.offline:
            env["GOSUMDB"] = "off"
        return env | more

    def _proxy(self) -> str:
        """The user's downloads first: a module cache is a proxy (go.dev/ref/mod)."""
        env = {**os.environ, "GOTOOLCHAIN": "local"}
        argv = [self.tool.go, "env", "GOMODCACHE", "GOPROXY"]
        said = experiment.run(argv, cwd="/", env=env, timeout=30).out.decode().split()
        own = f"file://{said[0]}/cache/download" if said else ""
        rest = "off" if self.offline else (said[1] if len(said) > 1 else "direct")
        return ",".join(filter(None, (own, rest)))

    def folder(self, driver: Driver) -> str:
        """The driver's program laid out, its modules obtained. Raises Unavailable."""
        key = sqlite_drivers.digest(driver)
        folder = os.path.join(lab_store.home(), "sqlite", f"{driver.name}-{key}")
        with lab_store.lock(f"sqlite-{driver.name}"):
            for name, content in sqlite_drivers.sources(driver).items():
                if lab_store.read(os.path.join(folder, name)) != content:
                    lab_store.write(os.path.join(folder, name), content)
            mark = os.path.join(folder, ".downloaded")
            if lab_store.read(mark) is None:
                self.progress(f"{driver.name}: obtaining modules")
                argv = [self.tool.go, "mod", "download"]
                env = self.environment()
                done = experiment.run(argv, cwd=folder, env=env, timeout=900, merge=True)
                if done.status:
                    what = f"{driver.module} {sqlite_drivers.version(driver)}"
                    raise Unavailable(
                        f"{what} can't be obtained: {tail(done)}",
                        "run it once without --offline" if self.offline else "",
                    )
                lab_store.write(mark, b"")
        return folder

    def compile(
        self, driver: Driver, name: str, flags: Sequence[str] = (), **env: str
    ) -> tuple[Done, str]:
        """Build the program; (what the go command said, where the program is)."""
        folder = self.folder(driver)
        path = os.path.join(folder, "bin", name)
        lab_store.folder(folder, "bin")
        argv = [self.tool.go, "build", *flags, "-o", path, "."]
        full = self.environment(**env)
        return experiment.run(argv, cwd=folder, env=full, timeout=1800, merge=True), path

    def program(self, driver: Driver) -> str:
        """The program for this machine, built when it is not there. Raises Unavailable."""
        key = sqlite_drivers.digest(driver, self.tool.version)
        path = os.path.join(self.folder(driver), "bin", f"native-{key}")
        if not os.path.exists(path):
            self.progress(f"{driver.name}: building")
            cgo = "1" if driver.cgo else "0"
            done, path = self.compile(driver, f"native-{key}", CGO_ENABLED=cgo)
            if done.status:
                raise Unavailable(f"{driver.name} can't be built: {tail(done)}")
        return path

    def start(self, path: str, verb: str, db: str, timeout: float = 600, **more: Any) -> Done:
        """Run a program's verb; options become flags."""
        argv = [path, verb, db, *(f"-{key}={value}" for key, value in more.items())]
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": os.path.dirname(db)}
        return experiment.run(
            argv, cwd=os.path.dirname(db), env=env, timeout=timeout, limit=64 << 20
        )


def tail(done: Done) -> str:
    """The end of what a command said, in one line."""
    text = (done.err or done.out).decode("utf-8", "replace").strip()
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return " / ".join(lines[-3:])[-_TAIL:] or f"status {done.status}"


def answer(done: Done) -> Any:
    """The ``result`` of a program's JSON. Raises Unavailable with what it said."""
    if done.status or done.timed_out:
        said = "ran out of time" if done.timed_out else tail(done)
        raise Unavailable(f"the program failed (status {done.status}): {said}")
    return json.loads(done.out)["result"]


# -- stages -----------------------------------------------------------------------------------


def build(bench: Bench, driver: Driver) -> dict[str, Any]:
    """A cold build: an empty build cache, all modules there. Seconds, bytes."""
    bench.folder(driver)
    with lab_store.workplace("sqlite-cold-") as cold:
        done, path = bench.compile(
            driver, "cold", GOCACHE=cold, CGO_ENABLED="1" if driver.cgo else "0"
        )
        if done.status:
            return {"error": tail(done)}
        again, _ = bench.compile(
            driver, "cold", ["-ldflags=-s -w"], GOCACHE=cold, CGO_ENABLED="1" if driver.cgo else "0"
        )
        return {
            "seconds": round(done.seconds, 1),
            "peak": done.peak,
            "size": _native_size(bench, driver),
            "stripped": os.path.getsize(path) if again.status == 0 else 0,
            "load": _load(),
        }


def _native_size(bench: Bench, driver: Driver) -> int:
    return os.path.getsize(bench.program(driver))


def measure(bench: Bench, driver: Driver) -> dict[str, Any]:
    """The phases, with samples of memory and GC, and the largest resident set."""
    path, sizes = bench.program(driver), bench.sizes
    with lab_store.workplace("sqlite-run-") as place:
        done = bench.start(
            path,
            "measure",
            f"{place}/bench.db",
            rows=sizes.rows,
            transactions=sizes.transactions,
            reads=sizes.reads,
            scans=sizes.scans,
            seconds=sizes.seconds,
        )
    result: dict[str, Any] = answer(done)
    return {**result, "peak": done.peak, "load": _load()}


def _load() -> float:
    """Programs that ran or waited to, over the last minute: figures of a busy machine are low."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0


def kill(bench: Bench, driver: Driver) -> dict[str, Any]:
    """A writer killed by SIGKILL at several moments; what is left is looked at by the driver.

    ``lost``: rows that were said to be committed and are not there.
    """
    path = bench.program(driver)
    rows = []
    with lab_store.workplace("sqlite-kill-") as place:
        db = f"{place}/killed.db"
        for number in range(bench.sizes.kills):
            done = bench.start(path, "write", db, timeout=0.25 + 0.13 * (number % 5))
            said = [line.split() for line in done.out.splitlines()]
            last = max((int(words[1]) for words in said if len(words) == 2), default=0)
            left = answer(bench.start(path, "verify", db))
            rows.append(
                {
                    "killed": done.timed_out,
                    "committed": last,
                    "integrity": left["integrity"],
                    "lost": max(0, last - left["last"]) if last else 0,
                    "whole": left["rows"] % 3 == 0,
                }
            )
    return {
        "kills": sum(row["killed"] for row in rows),
        "sound": all(row["integrity"] == "ok" and row["whole"] for row in rows),
        "lost": sum(row["lost"] for row in rows),
        "writing": sum(row["committed"] > 0 for row in rows),
        "runs": rows,
    }


def leak(bench: Bench, driver: Driver) -> dict[str, Any]:
    """Memory after each round of 20 connections; growth is over the last half, in bytes."""
    path = bench.program(driver)
    with lab_store.workplace("sqlite-leak-") as place:
        rounds = answer(bench.start(path, "leak", f"{place}/leak.db", rounds=bench.sizes.rounds))
    half = rounds[len(rounds) // 2 :]
    return {
        "rounds": rounds,
        "connections": 20 * (len(half) - 1),
        "resident": half[-1]["resident"] - half[0]["resident"],
        "heap": half[-1]["heap"] - half[0]["heap"],
    }


def cross(bench: Bench, driver: Driver, target: str) -> dict[str, Any]:
    """Build for a target, really. The cgo driver with the C compiler that is here, or not."""
    system, _, isa = target.partition("/")
    env = {"GOOS": system, "GOARCH": isa, "CGO_ENABLED": "0"}
    if driver.cgo:
        compiler = catalogue.compiler_for("gcc", target) or catalogue.compiler_for("zig", target)
        if compiler is None:
            return {"ok": False, "said": f"no C compiler for {target} on this machine"}
        env |= {"CGO_ENABLED": "1", "CC": " ".join(compiler.argv)}
    done, path = bench.compile(driver, f"cross-{system}-{isa}", **env)
    if done.status:
        return {"ok": False, "said": tail(done)}
    size = os.path.getsize(path)
    os.unlink(path)
    return {"ok": True, "seconds": round(done.seconds, 1), "size": size}


def without_cgo(bench: Bench, driver: Driver) -> dict[str, Any]:
    """What the cgo driver does when cgo is off: does it build, and then run?"""
    done, path = bench.compile(driver, "without-cgo", CGO_ENABLED="0")
    if done.status:
        return {"builds": False, "said": tail(done)}
    with lab_store.workplace("sqlite-run-") as place:
        ran = bench.start(path, "verify", f"{place}/x.db")
    return {"builds": True, "status": ran.status, "said": tail(ran)}


#: Detector -> (flags of the build, environment, what it prints when it finds something).
DETECTORS: Mapping[str, tuple[tuple[str, ...], str, bytes]] = {
    "race": (("-race",), "1", b"WARNING: DATA RACE"),
    "checkptr": (("-gcflags=all=-d=checkptr",), "", b"checkptr:"),
    "asan": (("-asan", "-tags=planted"), "1", b"AddressSanitizer"),
}


def safety(bench: Bench, driver: Driver, detector: str) -> dict[str, Any]:
    """A detector's word on readers beside a writer, after it has found a planted fault.

    ``found``: None when the build failed or the planted fault was not found.
    """
    flags, cgo, mark = DETECTORS[detector]
    if detector == "asan" and not driver.cgo:
        return {"found": None, "said": "no C code in it: nothing for it to look at"}
    env = {"CGO_ENABLED": cgo or ("1" if driver.cgo else "0")}
    done, path = bench.compile(driver, f"with-{detector}", flags, **env)
    if done.status:
        return {"found": None, "said": f"can't be built: {tail(done)}"}
    with lab_store.workplace("sqlite-safe-") as place:
        planted = bench.start(path, "plant", f"{place}/p.db", fault=detector)
        if mark not in planted.err + planted.out:
            os.unlink(path)
            return {"found": None, "said": f"a planted fault was not found: {tail(planted)}"}
        ran = bench.start(path, "stress", f"{place}/s.db", seconds=bench.sizes.stress)
    os.unlink(path)
    text = (ran.err + ran.out).decode("utf-8", "replace")
    at = text.find(mark.decode())
    if at >= 0:
        return {"found": True, "said": " / ".join(text[at:].splitlines()[:12])[: 3 * _TAIL]}
    if ran.status:
        return {"found": None, "said": f"the run failed: {tail(ran)}"}
    phases = json.loads(ran.out)["result"]
    return {"found": False, "said": f"{sum(p['count'] for p in phases):,} calls, planted one found"}
