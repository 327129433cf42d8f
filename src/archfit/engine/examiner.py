"""One file or one set of facts -> facts, judged: what runs in every worker."""

from __future__ import annotations

from collections import Counter
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
    """A rule with the names it asks for, looked up once."""

    rule: Rule
    needs: tuple[str, ...]
    host: tuple[str, ...]


class Examiner:
    """Holds what all subjects of a run share: rules, probes, the host's side."""

    def __init__(self, scene: Scene, select: tuple[str, ...], ignore: tuple[str, ...]) -> None:
        self.scene = scene
        self._rules: dict[Kind, list[_Ready]] = {kind: [] for kind in Kind}
        self.rules = chosen(select, ignore)
        for rule in self.rules:
            ready = _Ready(
                rule, tuple(k.name for k in rule.needs), tuple(k.name for k in rule.host)
            )
            for kind in rule.kinds:
                self._rules[kind].append(ready)

    def file(self, path: str, data: Window, mode: int = 0, found_in: str = "") -> Result:
        """A file's facts, judged. Never raises for what stands in the file."""
        form = recognise(data[:HEAD])
        kind = _KINDS.get(form, Kind.BINARY)
        subject = Subject(f"{kind.value}:{path}", kind, path)
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
        host = self.scene.host if subject.kind is not Kind.HOST else facts
        for ready in self._rules[subject.kind]:
            if not all(name in facts for name in ready.needs):
                continue
            unknown = [name for name in ready.host if name not in host]
            rule = ready.rule
            if unknown:
                missing.append(NotChecked(rule.id, subject.id, f"not known: {', '.join(unknown)}"))
                continue
            findings, failure = attempt(rule.id, subject.id, _judged, rule, facts, host)
            if failure is not None:
                missing.append(failure)
            found.extend(_owned(finding, rule.id, subject) for finding in findings or ())
        return Result(subject, facts, ranked(found), tuple(missing))


def _judged(rule: Rule, facts: Facts, host: Facts) -> tuple[Finding, ...]:
    # Judges are generators: run to the end here, where a failure is caught.
    return tuple(rule.judge(facts, host))


def ranked(findings: list[Finding]) -> tuple[Finding, ...]:
    """Gravest first, surest first; the first is the answer to "what is the cause?"."""
    return tuple(sorted(findings, key=lambda f: (f.severity.rank, -f.confidence)))


def _owned(finding: Finding, rule: str, subject: Subject) -> Finding:
    """The finding with its rule, its subject, and the subject's path in its remedies."""
    name = quote(subject.name)
    remedies = tuple(
        replace(
            remedy,
            command=remedy.command.replace("{subject}", name),
            verify=remedy.verify.replace("{subject}", name),
        )
        for remedy in finding.remedies
    )
    return replace(finding, rule=rule, subject=subject.id, remedies=remedies)


def tally(result: Result) -> Tally:
    """The counts of one judged subject."""
    facts = result.facts
    part = Tally(judged=1 if facts else 0, not_checked=len(result.not_checked))
    if facts:
        part.kinds[(result.subject.kind.value, described(facts))] += 1
        part.go = 1 if "go.version" in facts else 0
    part.severities = Counter(f.severity.value for f in result.findings)
    return part


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
