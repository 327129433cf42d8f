"""The chain of calls that a dying program prints, in the stacks of archfit, gdb, lldb and delve."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE / "tests"))

if TYPE_CHECKING:
    from unwinding.cores import Died

_GDB = ["gdb", "-nx", "-batch", "-ex", "thread apply all bt"]
_LLDB = ["lldb", "--no-lldbinit", "-b"]


def _archfit(died: Died) -> list[str]:
    from unwinding.cores import chain, unwound

    with ExitStack() as stack:
        return [*chain(unwound(died, stack), died.chain)]


def _said(command: list[str], died: Died) -> list[str]:
    """Of the thread with most of the chain: its names, outermost first, a recursion once."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    best: list[str] = []
    for part in re.split(
        r"^\s*\*?\s*(?:Thread|thread #|Goroutine \d+ -)", done.stdout, flags=re.MULTILINE
    ):
        found: list[str] = []
        for line in reversed(part.splitlines()):
            # One line a frame; a name ends before its arguments, offset or gcc's own suffix.
            names = re.findall(r"[A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*", line)
            name = next((n for n in names if n.partition(".isra")[0] in died.chain), None)
            name = name.partition(".isra")[0] if name else None
            if name and found[-1:] != [name]:
                found.append(name)
        best = max(best, found, key=len)
    return best


def _gdb(died: Died) -> list[str]:
    return _said([*_GDB, str(died.binary), str(died.core)], died)


def _lldb(died: Died) -> list[str]:
    return _said([*_LLDB, "-c", str(died.core), str(died.binary), "-o", "bt all"], died)


def _delve(died: Died) -> list[str]:
    with tempfile.NamedTemporaryFile("w", suffix=".dlv") as file:
        file.write("goroutines -t 60\nexit\n")
        file.flush()
        command = ["dlv", "core", str(died.binary), str(died.core), "--init", file.name]
        return _said(
            [*command, "--allow-non-terminal-interactive=true", "--check-go-version=false"], died
        )


PEERS: dict[str, Callable[[Died], list[str]]] = {
    "archfit": _archfit,
    "gdb": _gdb,
    "lldb": _lldb,
    "dlv": _delve,
}


def main() -> int:
    """Print the table; an argument is the go command that builds the program."""
    peers = {name: ask for name, ask in PEERS.items() if name == "archfit" or shutil.which(name)}
    right = dict.fromkeys(peers, 0)
    from unwinding.cores import CASES, PROGRAM, die

    go = sys.argv[1] if len(sys.argv) > 1 else "go"
    with tempfile.TemporaryDirectory() as folder:
        binary = Path(folder) / "program"
        subprocess.run([go, "build", "-o", str(binary), "."], cwd=PROGRAM, check=True)
        print(f"{'dies by':15}" + "".join(f"{name:>10}" for name in peers))
        for case in CASES:
            died = die(binary, case, Path(folder) / case)
            row = ""
            for name, ask in peers.items():
                found = ask(died)
                whole = tuple(found) == died.chain
                right[name] += whole
                held = sum(name in found for name in died.chain)
                row += f"{'all' if whole else f'{held} of {len(died.chain)}':>10}"
            print(f"{case:15}{row}", flush=True)
            shutil.rmtree(Path(folder) / case)
    print(f"{'whole chains':15}" + "".join(f"{count:>10}" for count in right.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
