"""One file or one set of facts -> facts, judged: what runs in every worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from shlex import quote

from archfit.engine.attempt import attempt
from archfit.engine.registry import chosen, file_probes
from archfit.formats.magic import HEAD, recognise
from archfit.model.fact import Fact, Facts, Trust
from archfit.model.finding import Finding, NotChecked
from archfit.model.image import Image, Window
from archfit.model.report import Tally
from archfit.model.rule import Result, Rule
from archfit.model.scene import Scene
from archfit.model.subject import Kind, Subject

_EXECUTABLE = Fact(True, Trust.OBSERVED, "mode of the file")
_NOT_EXECUTABLE = Fact(False, Trust.OBSERVED, "mode of the file")

_KINDS = {"ar": Kind.ARCHIVE, "script": Kind.SCRIPT, "": Kind.FILE}


@dataclass(frozen=True, slots=True)
class _Ready:
    """A rule with what is asked of it for every subject, looked up once."""

    rule: Rule
    needs: tuple[str, ...]
    host: tuple[str, ...]
    unknown: str  #: why it can't judge against the run's host; "" when it can


class Examiner:
    """Holds what all subjects of a run share: rules, probes, the host's side."""

    def __init__(self, scene: Scene, select: tuple[str, ...], ignore: tuple[str, ...]) -> None:
        self.scene = scene
        self._rules: dict[Kind, list[_Ready]] = {kind: [] for kind in Kind}
        self.rules = chosen(select, ignore)
        for rule in self.rules:
            wanted = tuple(key.name for key in rule.host)
            unknown = _unknown(wanted, scene.host)
            ready = _Ready(rule, tuple(key.name for key in rule.needs), wanted, unknown)
            for kind in rule.kinds:
                self._rules[kind].append(ready)

    def file(
        self, path: str, data: Window, mode: int = 0, found_in: str = "", mark: str = ""
    ) -> Result:
        """A file's facts, judged. Never raises for what stands in the file.

        ``mark`` makes the id of a file that is looked at again another one.
        """
        form = recognise(data[:HEAD])
        kind = _KINDS.get(form, Kind.BINARY)
        subject = Subject(f"{kind.value}:{path}{mark}", kind, path)
        facts, not_checked = self._read(subject, Image(path, form, data, mode, found_in))
        return self.judge(subject, facts, not_checked)

    def _read(self, subject: Subject, image: Image) -> tuple[dict[str, Fact], list[NotChecked]]:
        facts: dict[str, Fact] = {}
        not_checked: list[NotChecked] = []
        scene = self.scene
        scene.parsed.clear()
        for probe in file_probes().get(image.format, ()):
            _, failure = attempt(f"probe {probe.name}", subject.id, probe.run, image, facts, scene)
            if failure is not None:
                not_checked.append(failure)
        scene.parsed.clear()
        if facts:
            if image.mode:
                facts["file.executable"] = _EXECUTABLE if image.mode & 0o111 else _NOT_EXECUTABLE
            if image.found_in:
                facts["file.found_in"] = Fact(image.found_in, Trust.OBSERVED, "folder given")
        return facts, not_checked

    def judge(
        self, subject: Subject, facts: Facts, not_checked: list[NotChecked] | None = None
    ) -> Result:
        """Every rule of the subject's kind over its facts, findings ranked."""
        missing = not_checked or []
        found: list[Finding] = []
        its_own = subject.kind is Kind.HOST
        judged = applies = False
        host = facts if its_own else self.scene.host
        for ready in self._rules[subject.kind]:
            for name in ready.needs:
                if name not in facts:
                    break
            else:
                applies = True
                rule = ready.rule
                unknown = _unknown(ready.host, facts) if its_own else ready.unknown
                if unknown:
                    missing.append(NotChecked(rule.id, subject.id, unknown))
                    continue
                findings, failure = attempt(rule.id, subject.id, _judged, rule, facts, host)
                if failure is not None:
                    missing.append(failure)
                else:
                    judged = True
                if findings:
                    found.extend(_owned(finding, rule.id, subject) for finding in findings)
        return Result(subject, facts, ranked(found), tuple(missing), judged or not applies)


def _unknown(wanted: tuple[str, ...], host: Facts) -> str:
    absent = [name for name in wanted if name not in host]
    return f"not known: {', '.join(absent)}" if absent else ""


def _judged(rule: Rule, facts: Facts, host: Facts) -> tuple[Finding, ...]:
    # Judges are generators: run to the end here, where a failure is caught.
    return tuple(rule.judge(facts, host))


def ranked(findings: list[Finding]) -> tuple[Finding, ...]:
    """Gravest first, surest first; the first is the answer to "what is the cause?"."""
    return tuple(sorted(findings, key=lambda f: (f.severity.rank, -f.confidence)))


def _owned(finding: Finding, rule: str, subject: Subject) -> Finding:
    """The finding with its rule, its subject, and the subject's path in its remedies."""
    # A program would take a name that begins with - for an option.
    name = quote(f"./{subject.name}" if subject.name.startswith("-") else subject.name)
    remedies = tuple(
        replace(
            remedy,
            command=remedy.command.replace("{subject}", name),
            verify=remedy.verify.replace("{subject}", name),
        )
        for remedy in finding.remedies
    )
    return replace(finding, rule=rule, subject=subject.id, remedies=remedies)


def count(result: Result, tally: Tally) -> None:
    """Add one judged subject to the counts."""
    facts = result.facts
    if facts:
        tally.judged += result.judged
        tally.kinds[(result.subject.kind.value, described(facts))] += 1
        tally.go += "go.version" in facts
    tally.not_checked += len(result.not_checked)
    for finding in result.findings:
        tally.severities[finding.severity.value] += 1


def described(facts: Facts) -> str:
    """What a subject is, in a few words: `elf linux/amd64`, `macho universal`, `script sh`."""
    return " ".join(_description(facts))


def _description(facts: Facts) -> Iterator[str]:
    form = facts.get("binary.format")
    if form is not None:
        yield str(form.value)
    slices = facts.get("binary.slices")
    if slices is not None and isinstance(slices.value, list) and len(slices.value) > 1:
        yield "universal"
        return
    isa, system = facts.get("binary.isa"), facts.get("binary.os")
    if isa is not None:
        yield f"{system.value}/{isa.value}" if system is not None else str(isa.value)
