"""Cores of a program that prints the chain of calls by which it dies."""

from __future__ import annotations

import os
import re
import resource
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from archfit.cli.crash_unwind import opener
from archfit.crash import images
from archfit.crash.joined import Joined, Joiner, culprit
from archfit.formats import elf_core
from archfit.host.files import window

PROGRAM = Path(__file__).parent / "program"
SYSROOT = "/usr/aarch64-linux-gnu"

#: What kills the program, and, where a panic has destroyed C's frames, that they are lost.
CASES = (
    *("abort", "null", "divide", "jump", "overflow", "callback", "callback-panic"),
    *("foreign", "foreign-nil", "panic", "nil"),
)


@dataclass(frozen=True, slots=True)
class Died:
    """A core, its program and the chain that it printed, outermost call first."""

    core: Path
    binary: Path
    chain: tuple[str, ...]


def die(binary: Path, case: str, folder: Path, emulator: str = "") -> Died:
    """Run a case until it dies, in its own folder, and keep its core."""
    folder.mkdir(parents=True, exist_ok=True)
    env = os.environ | {"GOTRACEBACK": "crash"}
    command = [str(binary), case]
    if emulator:
        command = [emulator, "-L", SYSROOT, *command]
    limit = resource.getrlimit(resource.RLIMIT_CORE)

    def allow() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (limit[1], limit[1]))

    done = subprocess.run(
        command,
        cwd=folder,
        env=env,
        capture_output=True,
        timeout=120,
        preexec_fn=allow,
        check=False,
    )
    said = re.search(rb"^CHAIN: (.*)$", done.stderr, re.MULTILINE)
    assert said, done.stderr
    pattern = "qemu_*.core" if emulator else "core*"
    cores = sorted(folder.glob(pattern))
    assert cores, f"{case} left no core: {done.stderr[-500:]!r}"
    return Died(cores[0], binary, tuple(said.group(1).decode().split()))


def unwound(died: Died, stack: ExitStack, root: str | None = None) -> Joined:
    """All stacks of a core, while ``stack`` lives."""
    data, _ = stack.enter_context(window(str(died.core)))
    core = elf_core.read(data)
    image = images.of_core(core, opener(stack, root), str(died.binary))
    return Joiner(image, images.go_minor(image)).run()


def chain(joined: Joined, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The frames that the program speaks of, outermost first, a recursion once."""
    frames = joined.threads[culprit(joined.threads)].stack.frames
    found: list[str] = []
    for frame in reversed(frames):
        # gcc's own copies of a function: c_overflow.isra.0, c_abort.cold
        name = frame.name if frame.kind == "go" else frame.name.partition(".")[0]
        if name in wanted and found[-1:] != [name]:
            found.append(name)
    return tuple(found)
