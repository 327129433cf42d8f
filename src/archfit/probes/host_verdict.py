"""The verdict: native, translated, mixed or cross, why, and what to do.

It is drawn from the headers of files and the state of processes; a variable such as
GOARCH can make a cross build of it and nothing else. `docs/verdict.md` has the exact
definitions and the table of cases.

- *native*: all that takes part in a build is of the machine's own ISA (or of its 32-bit
  sister, all of it).
- *translated*: all of it is of one other ISA, through a translator.
- *mixed*: it is of two or more ISAs.
- *cross*: as native, and the user set a target that differs.
"""

from __future__ import annotations

from dataclasses import dataclass

from archfit.facts import host as h
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Facts, Trust
from archfit.model.image import HostProbe
from archfit.platforms.isa import normalise

_SHELLS = {"sh", "bash", "zsh", "dash", "ash", "ksh", "fish", "tcsh", "csh", "nu", "pwsh", "xonsh"}


@dataclass(frozen=True, slots=True)
class Voice:
    """One thing that takes part in a build: a role, its ISA, and how to name it."""

    role: str
    isa: str
    words: str


def run(door: Door, facts: dict[str, Fact]) -> None:
    """Raises Unavailable when the machine's ISA or all its tools are unknown."""
    del door
    machine = h.ISA.of(facts)
    if machine is None:
        raise Unavailable("without the machine's ISA there is no verdict")
    voices = _voices(facts)
    if not voices:
        raise Unavailable("nothing is known of any tool or process here")
    verdict, reason, advice = judge(facts, machine, voices)
    source = "headers of files and state of processes; see host.signals"
    for key, text in (
        (h.VERDICT, verdict),
        (h.VERDICT_REASON, reason),
        (h.VERDICT_ADVICE, advice),
    ):
        if text:
            facts[key.name] = Fact(text, Trust.HEADER, source)


def judge(facts: Facts, machine: str, voices: list[Voice]) -> tuple[str, str, str]:
    """(verdict, reason, advice); the advice is empty when nothing need be done."""
    isas = {voice.isa for voice in voices}
    if len(isas) > 1:
        return _mixed(facts, machine, voices)
    (isa,) = isas
    if isa != machine and isa not in (h.RUNS.of(facts) or ()):
        return _translated(facts, machine, isa)
    target = _target(facts, voices)
    if target is not None:
        return _cross(facts, machine, target)
    what = ", ".join(dict.fromkeys(voice.role for voice in voices))
    if isa != machine:
        return "native", f"a userland of {isa} on a kernel of {machine}: {what}", ""
    return "native", f"all is {machine}: {what}", ""


def _voices(facts: Facts) -> list[Voice]:
    found: list[Voice] = []
    own = h.PROCESS_ISA.of(facts)
    if own is not None:
        found.append(Voice("this process", own, "the Python that runs archfit"))
    shell = _shell(facts)
    if shell is not None:
        found.append(Voice("shell", str(shell["isa"]), f"the shell ({shell['name']})"))
    go = next((row for row in h.GO.of(facts) or () if row.get("on_path")), None)
    if go is not None and go.get("isa"):
        found.append(Voice("go", str(go["isa"]), f"go ({go['path']})"))
    found += [
        Voice("Homebrew", str(row["isa"]), f"Homebrew in {row['prefix']}")
        for row in h.BREW.of(facts) or ()
        if row.get("on_path") and row.get("isa")
    ]
    cc = _compiler(facts)
    if cc is not None:
        found.append(cc)
    return found


def _shell(facts: Facts) -> dict[str, object] | None:
    """The nearest ancestor that is a shell, else the parent."""
    known: list[dict[str, object]] = [row for row in h.ANCESTORS.of(facts) or () if row.get("isa")]
    shells = [row for row in known if row.get("name") in _SHELLS]
    return next(iter(shells or known), None)


def _compiler(facts: Facts) -> Voice | None:
    """cgo's compiler, unless it compiles for any target or is told one together with GOARCH."""
    row = next((row for row in h.CC.of(facts) or () if row.get("default")), None)
    if row is None or row.get("any_target"):
        return None
    target = normalise(str(row.get("target", "")))
    if target is None or target == _declared(facts, "GOARCH"):
        return None
    return Voice("C compiler", target, f"{row['name']}, which compiles for {row['target']},")


def _declared(facts: Facts, name: str) -> str | None:
    """A setting of the user: the variable, else what `go env -w` wrote."""
    key = h.GOARCH_ENV if name == "GOARCH" else h.GOOS_ENV
    settings = (h.GOENV_FILE.of(facts) or {}).get("settings", {})
    return key.of(facts) or settings.get(name)


def _target(facts: Facts, voices: list[Voice]) -> str | None:
    """os/arch, when the user set one that go would not build for by itself."""
    host_os = h.OS.of(facts)
    own = next((voice.isa for voice in voices if voice.role == "go"), None) or h.ISA.of(facts)
    os, isa = _declared(facts, "GOOS") or host_os, _declared(facts, "GOARCH") or own
    return None if (os, isa) == (host_os, own) else f"{os}/{isa}"


def _cross(facts: Facts, machine: str, target: str) -> tuple[str, str, str]:
    reason = f"all is {machine}, and the environment sets the target {target}"
    if h.GOARCH_ENV.of(facts) is None and h.GOOS_ENV.of(facts) is None:
        reason = f"all is {machine}, and go env -w set the target {target}"
    advice = (
        "A cross build leaves cgo out unless CGO_ENABLED=1 and CC names a compiler for "
        f"{target}; `go env -u GOARCH GOOS` or `unset GOARCH GOOS` builds for this machine."
    )
    return "cross", reason, advice


def _translated(facts: Facts, machine: str, isa: str) -> tuple[str, str, str]:
    by = h.TRANSLATOR.of(facts) or "a translator"
    reason = f"all that is seen here is {isa}, run by {by} on a machine of {machine}"
    if h.OS.of(facts) == "darwin":
        advice = (
            f"It works, slower, and builds {isa} by default. For {machine}: open a native "
            f"terminal (`arch -{machine} zsh -l`) and install the {machine} Go and Homebrew."
        )
    else:
        advice = (
            f"It works, slower, and builds {isa} by default. For {machine}: use the image or "
            f"root file system of linux/{machine} (`docker run --platform linux/{machine}`)."
        )
    return "translated", reason, advice


def _mixed(facts: Facts, machine: str, voices: list[Voice]) -> tuple[str, str, str]:
    odd = [voice for voice in voices if voice.isa != machine]
    words = "; ".join(f"{voice.words} is {voice.isa}" for voice in odd)
    same = [voice for voice in voices if voice.isa == machine]
    rest = ", ".join(dict.fromkeys(voice.role for voice in same)) or "the machine"
    reason = f"{words}; {rest}: {machine}"
    roles = {voice.role for voice in odd}
    go = next((voice for voice in voices if voice.role == "go"), None)
    harmless = roles <= {"shell", "this process"} and go is not None
    if harmless and go is not None:
        reason += (
            f". Builds are not affected: the {go.isa} go runs natively whatever starts it, and "
            f"builds {go.isa} by default"
        )
    setting = _declared(facts, "GOARCH")
    if setting is not None and go is not None and go.isa != machine:
        reason += f". GOARCH={setting} changes what it builds, not what it is"
    advice = " ".join(_advice(facts, machine, odd))
    return "mixed", reason, advice


def _advice(facts: Facts, machine: str, odd: list[Voice]) -> list[str]:
    darwin = h.OS.of(facts) == "darwin"
    shell = any(voice.role == "shell" for voice in odd)
    found: list[str] = []
    for voice in odd:
        if voice.role == "go":
            found.append(
                f"Install Go for {h.OS.of(facts)}/{machine} and put it first on PATH: the one "
                f"there builds {voice.isa} by default."
            )
        elif voice.role == "Homebrew":
            found.append(
                f"Take {voice.words.removeprefix('Homebrew in ')}/bin off PATH: its libraries "
                f"are {voice.isa}, and a link for {machine} refuses them."
            )
        elif voice.role == "C compiler":
            found.append(
                f"Set CC to a compiler for {machine}, or GOARCH={voice.isa} with CGO_ENABLED=1."
            )
        elif voice.role == "shell" and darwin:
            found.append(
                f'Open a native shell: `arch -{machine} zsh -l`; for good, take off "Open using '
                'Rosetta" in the Get Info window of the terminal app.'
            )
        elif voice.role == "this process" and not shell:
            found.append(f"Run archfit by a Python of {machine}.")
    return list(dict.fromkeys(found))


PROBE = HostProbe(
    name="host_verdict",
    gives=(h.VERDICT, h.VERDICT_REASON, h.VERDICT_ADVICE),
    run=run,
    after=(
        "host_machine",
        "host_environment",
        "host_runs",
        "host_tried",
        "host_ancestors",
        "host_go",
        "host_cc",
        "host_brew",
    ),
    costly=True,
)
