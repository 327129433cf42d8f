"""Chapter 1: the crash itself, and why the article thinks it happens."""

from __future__ import annotations

import re

from archfit.lab.claim import MAC_SCRIPT, Claim, Judged, Seen, Verdict
from archfit.lab.mac_answer import Shell
from archfit.lab.outcome import Word
from archfit.lab.recipe import load
from archfit.lab.reproduce import Case, conclusion, judged
from archfit.model.errors import Unavailable

_CLAIM_RECIPES = ("crash-cgo/native-child", "crash-cgo/registered", "crash-cgo/translated")
_RELATIVES = (
    "crash-cgo/wrong-isa-library",
    "crash-cgo/wrong-isa-dlopen",
    "crash-cgo/wrong-isa-archive",
    "crash-cgo/wrong-isa-compiler",
)
_APPLE = "Apple, About the Rosetta translation environment"


def _port(seen: Seen) -> Judged:
    """The release whose list of API additions first names the port; the catalogue refuses 1.14."""
    api = seen.step("claims/darwin-arm64-port", "api").out
    first = min((int(n) for n in re.findall(r"/go1\.(\d+)\.txt", api)), default=0)
    if not first:
        raise Unavailable("Go's api/ lists are not in this GOROOT")
    catalogue = seen.step("claims/darwin-arm64-port", "catalogue")
    refused = re.search(r"^1\.14 .*no port", catalogue.out, re.M) is not None
    verdict = Verdict.TRUE if first <= 14 and not refused else Verdict.FALSE
    told = f"api/go1.{first}.txt is the first of Go's lists that names darwin-arm64"
    if not catalogue.status:
        told += f"; the catalogue {'refuses' if refused else 'does not refuse'} 1.14"
    return Judged(verdict, told)


def _cases(seen: Seen, recipes: tuple[str, ...]) -> list[Case]:
    cases = []
    for recipe_id in recipes:
        recipe = load(recipe_id)
        cases += [judged(recipe, trial) for trial in seen.trials.get(recipe_id, ())]
    return cases


def _crash(seen: Seen) -> Judged:
    twin = seen.mac is None
    cases = list(seen.mac.cases) if seen.mac else _cases(seen, _CLAIM_RECIPES)
    word, why = conclusion(cases)
    if word == "not run here":
        raise Unavailable(why)
    return Judged(Verdict(word), why, twin, not twin)


def _translated_shell(seen: Seen) -> Shell:
    shell = seen.mac.shell("x86_64") if seen.mac else None
    if shell is None or shell.translated != "1":
        raise Unavailable(f"needs a Mac with Rosetta 2 ({MAC_SCRIPT})")
    return shell


def _arch(seen: Seen) -> Judged:
    shell = _translated_shell(seen)
    verdict = Verdict.TRUE if shell.arch == "i386" else Verdict.FALSE
    return Judged(verdict, f"arch(1) in a translated shell says {shell.arch}", mac=True)


def _uname(seen: Seen) -> Judged:
    """A translated process is told its own ISA, the kernel runs on another."""
    if seen.mac is not None:
        shell = _translated_shell(seen)
        verdict = Verdict.TRUE if shell.uname == "x86_64" else Verdict.FALSE
        return Judged(
            verdict, f"uname -m {shell.uname}, sysctl.proc_translated {shell.translated}", mac=True
        )
    kernel = seen.step("claims/uname", "kernel").out.strip()
    told = seen.step("claims/uname", "translated").out.strip()
    verdict = Verdict.TRUE if told and told != kernel else Verdict.FALSE
    return Judged(verdict, f"the kernel's machine is {kernel}, the process is told {told}", True)


def _size_t(seen: Seen) -> Judged:
    """`invented`: there is no difference that could be mapped abnormally."""
    one, other = (seen.step("claims/sizes", isa).text.strip() for isa in ("amd64", "arm64"))
    sizes = dict(re.findall(r"^(\w+) ([\d ]+)$", one, re.M))
    if "size_t" not in sizes:
        raise Unavailable("the programs printed no sizes")
    if one == other:
        return Judged(
            Verdict.INVENTED,
            f"C.size_t {sizes['size_t'].replace(' ', ' bytes, aligned ')}; {len(sizes)} types and"
            " a struct's offsets equal on amd64 and arm64",
        )
    others = dict(re.findall(r"^(\w+) ([\d ]+)$", other, re.M))
    differ = [name for name in sizes if sizes[name] != others.get(name)]
    verdict = Verdict.TRUE if "size_t" in differ else Verdict.PARTLY
    return Judged(verdict, f"differ between amd64 and arm64: {', '.join(differ)}")


def _compatible(seen: Seen) -> Judged:
    """It works, at a price the article does not name."""
    trial = seen.run("claims/pace")[0]
    native, translated = trial.of("native"), trial.of("translated")
    tool = trial.of("translated go")
    times = [re.search(r"^ms (\d+)$", said.out, re.M) for said in (native, translated)]
    if times[0] is None:
        raise Unavailable("the program does not run natively")
    if times[1] is None or tool.status:
        return Judged(Verdict.FALSE, f"translated: {(translated.text + tool.text)[-120:]}", True)
    factor = int(times[1][1]) / max(int(times[0][1]), 1)
    verdict = Verdict.PARTLY if factor > 1.2 else Verdict.TRUE
    return Judged(
        verdict,
        f"the program and `go version` run translated; cgo calls and Go's own work take"
        f" {factor:.1f} times as long",
        True,
    )


def _breaks(seen: Seen) -> Judged:
    """Each relative fails, and archfit names a cause that speaks of two ISAs."""
    cases = [c for c in _cases(seen, _RELATIVES) if c.outcome.word is not Word.NOT_RUN]
    if not cases:
        raise Unavailable("none of them could be run")
    wrong = {"run.library-arch", "build.link-arch", "build.cross-cc"}
    hit = [c for c in cases if c.outcome.word is not Word.NEVER and c.cause.rule in wrong]
    verdict = Verdict.TRUE if len(hit) == len(cases) else Verdict.PARTLY if hit else Verdict.FALSE
    causes = ", ".join(sorted({c.cause.rule for c in hit})) or "none"
    return Judged(verdict, f"{len(hit)} of {len(cases)} fail for their ISA: {causes}", True)


def _must_not(seen: Seen) -> Judged:
    """As the crash, of the machine's own program alone."""
    if seen.mac is not None:
        cases = [case for case in seen.mac.cases if case.name == "native-child"]
    else:
        cases = _cases(seen, ("crash-cgo/native-child",))
    tried = [case for case in cases if case.outcome.word is not Word.NOT_RUN]
    if not tried:
        raise Unavailable("no translated shell could be had")
    fails = [case for case in tried if case.outcome.word is not Word.NEVER]
    runs = sum(case.outcome.runs for case in tried)
    verdict = (
        Verdict.TRUE if len(fails) == len(tried) else Verdict.PARTLY if fails else Verdict.FALSE
    )
    shells = ", ".join(case.variant for case in tried)
    good = runs - sum(case.outcome.failed for case in tried)
    return Judged(
        verdict,
        f"{good} of {runs} runs good from: {shells}",
        seen.mac is None,
        seen.mac is not None,
    )


CLAIMS = (
    Claim(
        "ch1.port",
        "1",
        "Go 1.14 and later have a native darwin/arm64 package",
        ("claims/darwin-arm64-port",),
        Verdict.FALSE,
        "the port is there since 1.16; before, darwin/arm64 meant iOS",
        "Go 1.16 release notes; golang/go 38485",
        _port,
    ),
    Claim(
        "ch1.crash",
        "1",
        "an arm64 Go binary with cgo, started from a translated shell, crashes every time",
        _CLAIM_RECIPES,
        Verdict.FALSE,
        "a program of the machine's own ISA is never translated, whatever its parent is",
        _APPLE,
        _crash,
    ),
    Claim(
        "ch1.arch",
        "1",
        "arch prints i386 under Rosetta 2",
        (),
        Verdict.TRUE,
        "arch(1) of an x86_64 process says i386",
        "macOS arch(1); Homebrew/brew 7995",
        _arch,
    ),
    Claim(
        "ch1.uname",
        "1",
        "uname -m does not tell the machine to a translated process",
        ("claims/uname",),
        Verdict.TRUE,
        "utsname is translated; sysctl.proc_translated tells",
        f"{_APPLE}; rust-lang/rustup 3438",
        _uname,
    ),
    Claim(
        "ch1.size_t",
        "1",
        "C.size_t is 8 bytes, but mapped abnormally, under the other ABI",
        ("claims/sizes",),
        Verdict.INVENTED,
        "both ABIs are LP64: equal sizes and alignments",
        "AAPCS64, C and C++ language mappings; System V psABI 3.1.2",
        _size_t,
    ),
    Claim(
        "ch1.amd64",
        "1",
        "Go for amd64, wholly translated, is the compatible way",
        ("claims/pace",),
        Verdict.PARTLY,
        "it works, slower; Go 1.15 and 1.16 met faults of Rosetta in signal handling",
        "golang/go 42700",
        _compatible,
    ),
    Claim(
        "ch1.must-not-run",
        "1",
        "what GOOS=darwin GOARCH=arm64 builds must not be run from a translated shell",
        ("crash-cgo/native-child",),
        Verdict.FALSE,
        "it runs natively there, see ch1.crash",
        _APPLE,
        _must_not,
    ),
    Claim(
        "ch1.what-breaks",
        "1",
        "(not in the article) what does break: libraries, archives, compilers of the other ISA",
        _RELATIVES,
        Verdict.TRUE,
        "one process, one ISA: the loader and the linker refuse the other",
        "System V gABI, e_machine; Apple, dyld(1)",
        _breaks,
    ),
)
