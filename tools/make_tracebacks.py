"""Make the traceback corpus: build the programs of tools/tracebacks and let them die.

    tools/make_tracebacks.py                     all toolchains that are on this machine
    tools/make_tracebacks.py --only go1.26       those whose name starts so
    tools/make_tracebacks.py --case abort        one case

Writes ``tests/corpus/tracebacks/<go version>-<goos>-<goarch>/<case>.<level>.txt`` (standard
error, as printed) and ``index.json`` there: exit status of each, and what is true of each
case by the way the program was written. Needs Go on PATH, gcc and g++; further toolchains
(`golang-1.19-go`, `GOTOOLCHAIN=go1.27.3`), aarch64-linux-gnu-gcc and qemu-user when present.

Two things in the texts are changed: the folder of the sources becomes /src/NAME and the
folder of the toolchain /usr/local/go, as where they stood on the machine says nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "tests" / "corpus" / "tracebacks"
ALL_LEVELS = ("none", "single", "all", "system", "crash")
TWO = ("single", "system")


@dataclass(frozen=True)
class Case:
    """One way to die.

    ``where``: c, go, runtime (which also waits when nothing runs), boundary, or "" when the
    process just ends.
    ``raised``: kernel, sent, or "" when there is no signal behind it.
    """

    name: str
    where: str
    raised: str = ""
    program: str = "app"
    levels: tuple[str, ...] = TWO
    env: dict[str, str] = field(default_factory=dict)
    kill: int = 0
    foreign: bool = False  #: also run for linux/arm64
    args: tuple[str, ...] = ()


CASES = (
    Case("abort", "c", "sent", levels=ALL_LEVELS, foreign=True),
    Case("nullwrite", "c", "kernel", levels=ALL_LEVELS, foreign=True),
    Case("overflow", "c", "kernel", foreign=True),
    Case("fpe", "c", "kernel"),
    Case("ill", "c", "kernel", foreign=True),
    Case("raise", "c", "sent"),
    Case("raisesegv", "c", "sent"),
    Case("doublefree", "c", "sent", foreign=True),
    Case("throw", "c", "sent"),
    Case("threadnull", "c", "kernel"),
    Case("callback", "go", levels=ALL_LEVELS, foreign=True),
    Case("callbacknil", "go", "kernel", foreign=True),
    Case("threadback", "go"),
    Case("coroutine", "runtime"),
    Case("pointer", "boundary", foreign=True),
    Case("badpointer", "runtime"),
    Case("freed", "runtime", levels=("single",)),
    Case("nil", "go", "kernel", levels=ALL_LEVELS, foreign=True),
    Case("index", "go"),
    Case("generic", "go"),
    Case("custom", "go"),
    Case("nested", "go"),
    Case("repanic", "go"),
    Case("fault", "go", "kernel", foreign=True),
    Case("stack", "go"),
    Case("unlock", "go", levels=("none", "single")),
    Case("maps", "go", levels=("single", "crash")),
    Case("race", "go", program="race", levels=("single",)),
    Case("onstack", "boundary"),
    Case("selfkill", "go", "sent"),
    Case("wait", "runtime", "sent", kill=signal.SIGQUIT, levels=("single", "crash"), foreign=True),
    Case("killsegv", "runtime", "sent", kill=signal.SIGSEGV, args=("wait",)),
    Case("exit3", "", levels=("single",)),
    Case("osexit2", "", levels=("single",)),
    Case("debugstack", "", levels=("single",)),
    Case("deadlock", "go", program="pure", levels=("none", "single", "system"), foreign=True),
    Case("deadlocks", "go", program="pure", levels=("single",)),
    Case("nogoroutine", "go", program="pure", levels=("single",)),
    Case(
        "labels",
        "go",
        program="pure",
        env={"GODEBUG": "tracebacklabels=1"},
    ),
    Case("profile", "", program="pure", levels=("single",)),
    Case(
        "ancestors",
        "go",
        program="pure",
        levels=("single",),
        env={"GODEBUG": "tracebackancestors=5"},
    ),
    Case("value", "go", program="pure", levels=("single",)),
    Case("memory", "runtime", program="pure", levels=("single",)),
    Case("abort", "c", "sent", program="symbols", levels=("system",)),
    Case("fatal", "go", program="symbols"),
    Case("panic", "go", program="symbols", levels=("single",)),
    Case("nosymbols", "go", program="symbols", levels=("system",)),
)


@dataclass(frozen=True)
class Toolchain:
    name: str  #: as go1.26.8-linux-amd64
    go: str
    goroot: str
    env: dict[str, str]
    run: tuple[str, ...] = ()
    foreign: bool = False


def _answer(go: str, *what: str, **env: str) -> str:
    done = subprocess.run(
        [go, *what], env={**os.environ, **env}, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def toolchains() -> list[Toolchain]:
    """Those that are here, the cross ones after the native ones."""
    wanted: list[tuple[str, dict[str, str]]] = [
        ("go", {}),
        ("go", {"GOTOOLCHAIN": "go1.27.3"}),
        ("/usr/lib/go-1.19/bin/go", {"GOTOOLCHAIN": "local"}),
    ]
    native, cross = [], []
    sysroot = Path("/usr/aarch64-linux-gnu")
    qemu = shutil.which("qemu-aarch64")
    for go, env in wanted:
        if not shutil.which(go):
            continue
        goroot, version = _answer(go, "env", "GOROOT", **env), _answer(go, "version", **env)
        if not version:
            continue
        release = version.split()[2]
        native.append(Toolchain(f"{release}-linux-amd64", go, goroot, env))
        if qemu and shutil.which("aarch64-linux-gnu-gcc") and sysroot.is_dir():
            there = {**env, "GOARCH": "arm64", "CC": "aarch64-linux-gnu-gcc"}
            run = (qemu, "-L", str(sysroot))
            cross.append(Toolchain(f"{release}-linux-arm64", go, goroot, there, run, True))
    return native + cross


def build(chain: Toolchain, program: str, folder: Path) -> Path | None:
    """The built program, or None when this toolchain can't build it."""
    source = "app" if program == "race" else program
    src = folder / "src" / source
    if not src.is_dir():
        shutil.copytree(HERE / "tracebacks" / source, src)
    if chain.foreign and program in ("race", "symbols"):
        return None
    if chain.foreign and source == "app":
        # There is no C++ cross compiler; the case which throws is not run there.
        (src / "throw.cc").unlink(missing_ok=True)
        (src / "throw.c").write_text("void throw_out(int n) { (void)n; }\n")
    exe = folder / program
    argv = [chain.go, "build", "-o", str(exe)]
    if program == "race":
        argv.append("-race")
    env = {**os.environ, **chain.env, "CGO_ENABLED": "0" if program == "pure" else "1"}
    env["GOFLAGS"] = "-buildvcs=false"
    done = subprocess.run(
        [*argv, "."], cwd=src, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"{chain.name}: {program}: {done.stderr[-2000:]}", file=sys.stderr)
        return None
    return exe


def die(chain: Toolchain, exe: Path, case: Case, level: str) -> tuple[int, str]:
    """(exit status or minus the signal, standard error)."""
    env = {k: v for k, v in os.environ.items() if k not in ("GODEBUG", "GOTRACEBACK")}
    env |= {"GOTRACEBACK": level, "LC_ALL": "C", **case.env}
    # The shell sets the limits: no core files, and for one case 1 GB of addresses.
    limits = "ulimit -c 0; " + ("ulimit -v 1048576; " if case.name == "memory" else "")
    program = [*chain.run, str(exe), *(case.args or (case.name,))]
    with subprocess.Popen(
        ["/bin/sh", "-c", limits + 'exec "$@"', "sh", *program],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        if case.kill:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.2)
            process.send_signal(case.kill)
        try:
            err = process.communicate(timeout=20)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            err = process.communicate()[1]
            return 124, err.decode("utf-8", "replace")
    return process.returncode, err.decode("utf-8", "replace")


def clean(text: str, chain: Toolchain, folder: Path) -> str:
    text = text.replace(str(folder / "src"), "/src").replace(str(folder), "/build")
    return text.replace(chain.goroot, "/usr/local/go")


def make(chain: Toolchain, only: str) -> int:
    """Write this toolchain's texts; the number of them."""
    out = OUT / chain.name
    index: dict[str, dict[str, object]] = {}
    count = 0
    with tempfile.TemporaryDirectory(prefix="tracebacks-") as name:
        folder = Path(name)
        built: dict[str, Path | None] = {}
        for case in CASES:
            if (only and case.name != only) or (chain.foreign and not case.foreign):
                continue
            if case.program not in built:
                built[case.program] = build(chain, case.program, folder)
            exe = built[case.program]
            if exe is None:
                continue
            for level in case.levels:
                status, text = die(chain, exe, case, level)
                title = case.name if case.program == "app" else f"{case.program}-{case.name}"
                out.mkdir(parents=True, exist_ok=True)
                (out / f"{title}.{level}.txt").write_text(clean(text, chain, folder))
                row = {"status": status, "where": case.where, "raised": case.raised}
                index[f"{title}.{level}"] = row
                count += 1
    if index:
        path = out / "index.json"
        known = json.loads(path.read_text()) if only and path.exists() else {}
        rows = sorted((known | index).items())
        body = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in rows)
        path.write_text("{\n" + body + "\n}\n")
    return count


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the traceback corpus.")
    parser.add_argument("--only", default="", help="toolchains whose name starts so")
    parser.add_argument("--case", default="", help="one case")
    wish = parser.parse_args()
    for chain in toolchains():
        if chain.name.startswith(wish.only):
            print(f"{chain.name}: {make(chain, wish.case)} texts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
