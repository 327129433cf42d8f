"""Chapters 2.2 and 2.5: flags that reach the wrong compiler; abort() under several releases."""

from __future__ import annotations

import re

from archfit.lab.claim import Claim, Judged, Seen, Verdict
from archfit.lab.trial import Said
from archfit.model.errors import Unavailable

_CGO = "go doc cmd/cgo"


def _reached(said: Said, flag: str) -> set[str]:
    """`c`, `cpp`: on the compiler lines of which of the two files the flag stands."""
    lines = [line for line in said.text.splitlines() if re.search(r" -c part\.(c|cpp)$", line)]
    return {line.rsplit(".", 1)[1] for line in lines if f"-DARCHFIT_{flag}=" in line}


def _cppflags(seen: Seen) -> Judged:
    trial = seen.run("claims/flag-variables")[0]
    names = ("CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS")
    reached = {name: _reached(trial.of(name), name) for name in names}
    if not any(reached.values()):
        raise Unavailable("go build -x showed no compiler line")
    told = "; ".join(
        f"{name} reaches {' and '.join(sorted(files)) or 'neither'}"
        for name, files in reached.items()
    )
    only = reached["CGO_CPPFLAGS"] == {"cpp"}
    return Judged(Verdict.TRUE if only else Verdict.FALSE, f"{told} (of part.c, part.cpp)")


_STANDARD = "claims/cxx-standard"


def _standard(seen: Seen) -> Judged:
    """The claim: it breaks, with a syntax error in the header, as a fault of the link."""
    trial = seen.run(_STANDARD)[0]
    said = {name: trial.of(name) for name in ("gcc", "clang", "gcc, #cgo line", "clang, #cgo line")}
    broken = [name for name, answer in said.items() if answer.status]
    refused = [name for name in broken if "-std=gnu++17'" in said[name].text]
    runtime = [name for name in refused if "# runtime/cgo" in said[name].text]
    told = (
        f"fails in {len(broken)} of {len(said)}: {'; '.join(broken) or 'none'}. The compiler"
        f" refuses the option in {len(refused)}, already for runtime/cgo in {len(runtime)}"
    )
    if not broken:
        return Judged(Verdict.FALSE, told)
    as_told = len(broken) == len(said) and not refused
    return Judged(Verdict.TRUE if as_told else Verdict.PARTLY, told)


def _extern_c(seen: Seen) -> Judged:
    trial = seen.run("claims/extern-c")[0]
    without, with_it = trial.of("link without"), trial.of("link with")
    mangled = re.findall(r" T (\S+)", trial.of("symbols without").out)
    undefined = re.findall(r"undefined reference to `([^']+)'", without.text)
    told = (
        f"the archive has {', '.join(mangled)}; the link lacks {', '.join(undefined) or 'nothing'};"
        f' with extern "C" it {"fails too" if with_it.status else "links"}'
    )
    good = without.status and undefined and not with_it.status
    return Judged(Verdict.TRUE if good else Verdict.FALSE, told)


def _relative(seen: Seen) -> Judged:
    """`partly`: good in the folder of the main package alone."""
    trial = seen.run("claims/relative-archive")[0]
    dotted = [said for said in trial.said if said.step.startswith("./")]
    documented = trial.of("SRCDIR of a package that is imported")
    good = [said.step for said in dotted if not said.status]
    told = f"./libhello.a is found {'; '.join(good) or 'nowhere'}"
    lost = [said.step for said in dotted if said.status]
    told += f"; not found {'; '.join(lost)}" if lost else ""
    told += f"; ${{SRCDIR}}/libhello.a {'fails' if documented.status else 'is found'}"
    told = told.replace("./ ", "")
    if not good:
        return Judged(Verdict.FALSE, told)
    return Judged(Verdict.PARTLY if lost else Verdict.TRUE, told)


_NAMES = ("cgoCheckPtr", "cgoCheckCallback")


def _abort(seen: Seen) -> Judged:
    """The releases differ as the article says, or the names that it gives do not exist."""
    trials = seen.run("claims/abort")
    looks = {}
    there: set[str] = set()
    for trial in trials:
        text = trial.of("run").text
        looks[trial.variant] = (
            "SIGABRT: abort" in text,
            "signal arrived during cgo execution" in text,
            "goroutine 1" in text,
            any(name in text for name in (*_NAMES, "cgoCheckResult")),
        )
        there |= set(trial.of("names").out.split())
    absent = [name for name in _NAMES if name not in there]
    gaps = [trial.variant for trial in seen.trials["claims/abort"] if trial.gap]
    same = len(set(looks.values())) == 1
    first = next(iter(looks.values()))
    words = "SIGABRT: abort, signal arrived during cgo execution"
    told = (
        f"{', '.join(looks)}: {'the same' if same else 'different'} report"
        f"{f' ({words})' if same and all(first[:2]) else ''};"
        f" not in any of their sources: {', '.join(absent) or 'none'}"
    )
    told += f"; not here: {', '.join(gaps)}" if gaps else ""
    if same and not first[3] and len(absent) == len(_NAMES):
        return Judged(Verdict.INVENTED, told)
    hooked = any(look[3] for look in looks.values())
    return Judged(Verdict.TRUE if hooked and not same else Verdict.PARTLY, told)


CLAIMS = (
    Claim(
        "ch2.2.cppflags",
        "2.2",
        "CGO_CPPFLAGS is for C++ preprocessing",
        ("claims/flag-variables",),
        Verdict.FALSE,
        "it goes to C and C++ alike; CGO_CXXFLAGS is for C++ alone",
        _CGO,
        _cppflags,
    ),
    Claim(
        "ch2.2.cxx-standard",
        "2.2",
        "-std=gnu++17 in CGO_CFLAGS compiles headers as C++: a syntax error that ends the link",
        (_STANDARD,),
        Verdict.PARTLY,
        "the option is refused for C: clang errs; gcc warns, and errs for runtime/cgo (-Werror)",
        "measured; -Werror: src/runtime/cgo/cgo.go",
        _standard,
    ),
    Claim(
        "ch2.2.extern-c",
        "2.2",
        'a C++ library without extern "C" fails at the link',
        ("claims/extern-c",),
        Verdict.TRUE,
        "the archive has the mangled name alone",
        "Itanium C++ ABI 5.1",
        _extern_c,
    ),
    Claim(
        "ch2.2.relative-archive",
        "2.2",
        "#cgo LDFLAGS: ./libhello.a names the archive beside the package",
        ("claims/relative-archive",),
        Verdict.PARTLY,
        "it is looked for where the linker runs; ${SRCDIR} is the documented way",
        _CGO,
        _relative,
    ),
    Claim(
        "ch2.5.abort",
        "2.5",
        "abort() in C: no trace before 1.16, then cgoCheckPtr, cgoCheckResult, cgoCheckCallback",
        ("claims/abort",),
        Verdict.INVENTED,
        "all report SIGABRT alike; the checks are of arguments, two of the names do not exist",
        "src/runtime/cgocall.go of 1.21.13 and 1.27.3",
        _abort,
    ),
)
