"""The text form of Apple's crash reports (.crash, and what Console shows of newer ones).

Source: Apple, "Examining the fields in a crash report" and Technical Note TN2151
(developer.apple.com). A report may be cut, indented and decorated, and have its fields in
any order. Every line is looked at once.
"""

from __future__ import annotations

import re
from dataclasses import replace

from archfit.formats import ips
from archfit.formats.apple_report import AppleFrame, AppleThread, Image, Report, Termination
from archfit.formats.log_decoration import undecorate
from archfit.model.errors import Malformed

#: Longer lines and more of them say nothing that is read here.
_LINE, _MOST_FRAMES, _MOST_IMAGES, _MOST_THREADS = 4000, 100_000, 8192, 4096
_FIELD = re.compile(r"([A-Z][A-Za-z/ ]{2,40}):(?:[ \t]{1,60}(\S.*))?\Z")
_NAMED = re.compile(r"(.{1,200}) \[(\d{1,9})\]\Z")
_EXCEPTION = re.compile(r"(\w{2,60})(?: \((SIG[A-Z0-9]{1,10})?(?: \()?([^()]{0,80}))?")
_TERMINATION = re.compile(
    r"(?:Namespace )?([A-Z][A-Z0-9_]{1,40}),?(?: Code)? ?"
    r"(?:\[?(0x[0-9a-f]{1,16}|\d{1,10})\]?)?[ ,]{0,3}(.*)"
)
_THREAD = re.compile(r"Thread (\d{1,5})( Crashed)?(:{1,2}| name:)[ \t]*(.*)")
_STATE = re.compile(r"Thread (\d{1,5}) crashed with .{1,60} Thread State")
_REGISTER = re.compile(r"\b([a-z][a-z0-9]{1,6}): ?0x([0-9a-f]{1,16})")
_ADDRESS = re.compile(r"[ \t]0x([0-9a-f]{1,16})[ \t]")
_SOURCE = re.compile(r"(\d{1,15})(?: \(([^():]{1,200}):(\d{1,9})\))?")
_IMAGE = re.compile(r"0x([0-9a-f]{1,16}) {1,20}- {1,20}0x([0-9a-f]{1,16})[ \t]{1,20}")
_UUID = re.compile(r"<([0-9A-Fa-f-]{32,40})>")
_VERSION = re.compile(r" \([^()]{0,80}\)\Z")
_ARCH = re.compile(r"(?:arm64e?|x86_64h?|i386|armv7\w?)\Z")
_SIGNS = (
    "Exception Type:",
    "Code Type:",
    "Termination Reason:",
    "Crashed Thread:",
    "Report Version:",
    "Binary Images:",
    "Triggered by Thread:",
    "Dyld Error Message:",
)


def is_crash(text: str) -> bool:
    """Looks like a report of this form, whole or cut."""
    return any(sign in text for sign in _SIGNS)


def read(text: str) -> Report:
    """The first report of a text, which may have other text around it.

    Raises Malformed when the text has no line of such a report.
    """
    if not is_crash(text):
        raise Malformed("no crash report of Apple's text form")
    reader = _Reader()
    for line in undecorate(text).text.split("\n"):
        if len(line) <= _LINE:
            reader.take(line.strip())
    return reader.report()


def read_any(text: str) -> Report:
    """The report of a text in either form; JSON first, as Console shows both of one crash.

    Raises Malformed when the text has none.
    """
    if not ips.is_ips(text):
        return read(text)
    report = ips.read(text)
    if report.exception or report.threads or report.termination or report.panic:
        return report
    below = ips.body_of(text)
    if not is_crash(below):
        return report
    # Bug type 109: metadata in JSON, the older text below it.
    crash = read(below)
    return replace(
        crash,
        bug_type=report.bug_type,
        process=crash.process or report.process,
        os_version=crash.os_version or report.os_version,
    )


class _Thread:
    def __init__(self, number: int) -> None:
        self.number = number
        self.crashed = False
        self.name = self.queue = ""
        self.frames: list[AppleFrame] = []
        self.registers: dict[str, int] = {}


class _Reader:
    """Takes line after line; ``part`` is the section that the next line belongs to."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.codes: list[str] = []
        self.reasons: list[str] = []
        self.asi: list[str] = []
        self.region: list[str] = []
        self.threads: dict[int, _Thread] = {}
        self.images: list[Image] = []
        self.part = ""
        self.thread: _Thread | None = None
        self.frames = 0

    def take(self, line: str) -> None:
        if not line:
            if self.part in ("reasons", "asi", "region"):
                self.part = ""
            return
        if line.startswith("Thread ") and self._thread_line(line):
            return
        if self.part == "frames" and line[0].isdigit() and self._frame(line):
            return
        if self.part == "state" and self.thread is not None:
            found = _REGISTER.findall(line)
            if found:
                self.thread.registers.update((name, int(value, 16)) for name, value in found)
                return
        if self.part == "images" and line.startswith("0x"):
            self._image(line)
            return
        if self.part == "reasons" and not line.startswith(("Terminating Process", "Termination ")):
            self.reasons.append(line)
            return
        if self.part == "asi" and not line.startswith("Application Specific "):
            self.asi.append(line)
            return
        if self.part == "region" and not line.startswith(("Thread ", "Kernel Triage")):
            self.region.append(line)
            return
        self._field(line)

    def _field(self, line: str) -> None:
        found = _FIELD.match(line)
        if found is None:
            return
        name, value = found[1], found[2] or ""
        if name == "Application Specific Information":
            self.part, self.asi = "asi", [value] if value else []
        elif name in ("Dyld Error Message", "Termination Description", "Termination Details"):
            self.part = "reasons"
            self.reasons += [value] if value else []
        elif name == "Binary Images":
            self.part = "images"
        elif name.startswith("VM Region"):
            self.part, self.region = "region", [value] if value else []
        elif name == "Exception Codes":
            self.codes.append(value)
        elif value and name not in self.fields:
            self.fields[name] = value
            self.part = "reasons" if name == "Termination Reason" else ""

    def _thread_line(self, line: str) -> bool:
        state = _STATE.match(line)
        if state is not None:
            self.thread = self._thread(int(state[1]))
            self.part = "state"
            return self.thread is not None
        found = _THREAD.match(line)
        if found is None:
            return False
        self.thread = self._thread(int(found[1]))
        if self.thread is None:
            return False
        self.part = "frames"
        self.thread.crashed |= found[2] is not None
        said = found[4].strip()
        queue = said.partition("Dispatch queue: ")
        name = (queue[0] if queue[1] else said).strip()
        self.thread.queue = queue[2].strip() or self.thread.queue
        self.thread.name = name or self.thread.name
        return True

    def _thread(self, number: int) -> _Thread | None:
        if number not in self.threads and len(self.threads) >= _MOST_THREADS:
            return None
        return self.threads.setdefault(number, _Thread(number))

    def _frame(self, line: str) -> bool:
        found = _ADDRESS.search(line + " ")
        if found is None or self.thread is None or self.frames >= _MOST_FRAMES:
            return False
        number, _, image = line[: found.start()].partition(" ")
        if "\t" in number:
            number, _, image = line[: found.start()].partition("\t")
        if not number.isdecimal():
            return False
        symbol, plus, rest = line[found.end() :].strip().rpartition(" + ")
        source = _SOURCE.match(rest) if plus else None
        offset = int(source[1]) if source else None
        # Without symbols the base of the image stands in the symbol's place.
        bare = symbol.startswith("0x") or not plus
        self.thread.frames.append(
            AppleFrame(
                "" if bare else symbol,
                None if bare else offset,
                None,
                image.strip(),
                offset if bare else None,
                int(found[1], 16),
                source[2] or "" if source else "",
                int(source[3]) if source and source[3] else 0,
            )
        )
        self.frames += 1
        return True

    def _image(self, line: str) -> None:
        found = _IMAGE.match(line)
        uuid = _UUID.search(line)
        if found is None or len(self.images) >= _MOST_IMAGES:
            return
        base, last = int(found[1], 16), int(found[2], 16)
        path = line[uuid.end() :].strip() if uuid else ""
        # name, version in parentheses, ISA: each may be absent, and iOS has no version
        name = line[found.end() : uuid.start() if uuid else None].strip()
        name = _VERSION.sub("", name)
        head, _, word = name.rpartition(" ")
        arch = word if head and _ARCH.match(word) else ""
        name = _VERSION.sub("", head if arch else name).strip().lstrip("+")
        digits = uuid[1].replace("-", "").lower() if uuid else ""
        size = max(last - base + 1, 0)
        self.images.append(Image(name, path, arch, digits, base, size))

    def report(self) -> Report:
        fields = self.fields
        process, pid = _named(fields.get("Process", ""))
        code_type = fields.get("Code Type", "")
        exception = _EXCEPTION.match(fields.get("Exception Type", ""))
        crashed = fields.get("Crashed Thread", "").partition(" ")[0]
        if crashed.isdecimal() and int(crashed) in self.threads:
            self.threads[int(crashed)].crashed = True
        said = [x for x in self.codes if not x.startswith("0x")]
        subtype = fields.get("Exception Subtype", "") or (said[0] if said else "")
        translated = None
        if "(Translated" in code_type or "(Native" in code_type:
            translated = "(Translated" in code_type
        return Report(
            kind="crash" if exception or self.threads or "Crashed Thread" in fields else "other",
            process=process,
            path=fields.get("Path", ""),
            pid=pid,
            parent=_named(fields.get("Parent Process", ""))[0],
            os_version=fields.get("OS Version", ""),
            model=fields.get("Hardware Model", "") or fields.get("Model", ""),
            cpu_type=code_type.partition(" (")[0],
            translated=translated,
            exception=exception[1] if exception else "",
            signal=exception[2] or "" if exception else "",
            subtype=subtype or (exception[3].strip() if exception and exception[3] else ""),
            codes=next((x for x in self.codes if x.startswith("0x")), ""),
            termination=self._termination(),
            region="\n".join(self.region),
            asi=tuple(("", x) for x in self.asi),
            threads=tuple(
                AppleThread(
                    t.number,
                    t.crashed,
                    t.name,
                    t.queue,
                    tuple(t.frames),
                    tuple(t.registers.items()),
                )
                for t in self.threads.values()
            ),
            images=tuple(self.images),
            complete=bool(process and self.images and self.threads and exception),
        )

    def _termination(self) -> Termination | None:
        found = _TERMINATION.match(self.fields.get("Termination Reason", ""))
        by = self.fields.get("Terminating Process", "")
        if found is None:
            return Termination("", None, "", by, tuple(self.reasons)) if self.reasons else None
        code = int(found[2], 0) if found[2] else None
        return Termination(found[1], code, found[3].strip(), by, tuple(self.reasons))


def _named(text: str) -> tuple[str, int | None]:
    """(name, pid) of `name [pid]`."""
    found = _NAMED.match(text)
    return (found[1], int(found[2])) if found else (text, None)
