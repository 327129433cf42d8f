"""The cause of a trial's failure, by archfit's own diagnosis of the real output and files."""

from __future__ import annotations

import os
from dataclasses import dataclass

from archfit.engine.api import check, diagnose
from archfit.formats.slice_isa import HEAD, isas_in
from archfit.host import lab_store
from archfit.lab.trial import Said
from archfit.model.errors import ArchfitError
from archfit.model.finding import Finding

#: glibc and musl say of a library of another ISA what they say of one that is not there.
_MISSING = "run.library-missing"
_WRONG_ISA = "run.library-arch"


@dataclass(frozen=True, slots=True)
class Cause:
    """``rule``: its id, "" when none was found. ``by``: what it was told from."""

    rule: str
    message: str
    by: str


NONE = Cause("", "no cause was found", "")


def cause_of_text(text: str, goos: str = "", goarch: str = "") -> Cause:
    """The cause that an output tells by itself."""
    told = _told(text, goos, goarch)
    return Cause(told.rule, told.message, "the output") if told else NONE


def cause_of(said: Said, cwd: str, program: str = "prog", goos: str = "") -> Cause:
    """The cause of a command that failed in ``cwd``.

    The output is diagnosed. The program is judged where this machine itself was to start
    it (a translator's view of the machine is not this machine's); a library said to be
    missing is looked for below ``cwd``, as it may be there for another ISA.
    """
    told = _told(said.text, goos)
    if told and told.rule == _MISSING:
        wrong = _of_another_isa(told, cwd, program)
        if wrong:
            return Cause(_WRONG_ISA, wrong, "the output, and the library's header")
    if told is None and said.kind == "try":
        found = _judged(os.path.join(cwd, program))
        if found:
            return Cause(found.rule, found.message, "the program's facts")
    return Cause(told.rule, told.message, "the output") if told else NONE


def _told(text: str, goos: str, goarch: str = "") -> Finding | None:
    context = {key: value for key, value in (("goos", goos), ("goarch", goarch)) if value}
    return next(iter(diagnose(text, context=context).findings), None)


def _judged(path: str) -> Finding | None:
    if lab_store.read(path, 1 << 30) is None:
        return None
    return next((found for result in check(path) for found in result.findings), None)


def _of_another_isa(told: Finding, cwd: str, program: str) -> str:
    """Says that a library is there for another ISA than the program's; "" when it is not."""
    names = [str(value) for value in told.need.values()] + told.message.split()
    own = _isas(os.path.join(cwd, program))
    for name in names:
        path = os.path.join(cwd, os.path.basename(name))
        isas = _isas(path) if ".so" in name else frozenset()
        if own and isas and not own & isas:
            theirs, ours = (", ".join(sorted(group)) for group in (isas, own))
            return f"{os.path.basename(path)} is there, for {theirs}; the program is for {ours}"
    return ""


def _isas(path: str) -> frozenset[str]:
    data = lab_store.read(path, 1 << 30)
    try:
        return frozenset(isas_in(data[:HEAD])) if data else frozenset()
    except ArchfitError:
        return frozenset()
