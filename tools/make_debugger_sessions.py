"""Make tests/corpus/debuggers: what gdb, lldb and delve say of the programs in tools/tracebacks.

    tools/make_debugger_sessions.py

Needs Go, gcc, g++, gdb, lldb and delve; Debian's delve 1.20 needs golang-1.19-go. What is
absent is left out. The folder of the sources becomes /src/app.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "tests" / "corpus" / "debuggers"
GDB = ["-q", "-batch", "-nx", "-iex", "set auto-load off", "-ex", "run", "-ex", "bt"]
GDB += ["-ex", "info threads", "-ex", "thread apply all bt 3"]
LLDB = ["-b", "-o", "process launch --stop-at-entry", "-o", "process handle -s false SIGURG"]
LLDB += ["-o", "continue", "-o", "bt", "-o", "thread list", "-k", "bt", "-k", "thread list"]
DELVE = "continue\nbt\ngoroutines\ngoroutine 1 bt 3\nexit\n"


def build(go: str, folder: Path) -> Path | None:
    """The cgo program, or None when this Go is not here."""
    if not shutil.which(go):
        return None
    src = folder / "app"
    if not src.is_dir():
        shutil.copytree(HERE / "tracebacks" / "app", src)
    exe = folder / f"app-{Path(go).parts[-3] if go != 'go' else 'go'}"
    env = {**os.environ, "GOFLAGS": "-buildvcs=false", "GOTOOLCHAIN": "local"}
    done = subprocess.run([go, "build", "-o", str(exe), "."], cwd=src, env=env, check=False)
    return exe if done.returncode == 0 else None


def main() -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="debuggers-") as name:
        folder = Path(name)
        new, old = build("go", folder), build("/usr/lib/go-1.19/bin/go", folder)
        wanted: list[tuple[str, list[str], str]] = []
        for case in ("nullwrite", "abort", "callback"):
            stops = case != "callback"  # of a panic only delve knows
            if new and stops and shutil.which("gdb"):
                wanted.append((f"gdb-{case}", ["gdb", *GDB, "--args", str(new), case], ""))
            if new and stops and shutil.which("lldb"):
                wanted.append((f"lldb-{case}", ["lldb", *LLDB, "--", str(new), case], ""))
            if old and case != "abort" and shutil.which("dlv"):
                argv = ["dlv", "exec", "--allow-non-terminal-interactive=true", str(old), "--"]
                wanted.append((f"delve-{case}", [*argv, case], DELVE))
        for title, argv, words in wanted:
            done = subprocess.run(
                argv,
                input=words,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=120,
                check=False,
            )
            text = done.stdout.replace(str(folder), "/src")
            (OUT / f"{title}.txt").write_text(text)
            print(title, len(text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
