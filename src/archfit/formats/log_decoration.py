"""Take off what log systems, terminals and chat put around the lines of a program.

People paste text as their tools show it: with the time, the container or the unit in front
of every line, in colour, as JSON, quoted, in code fences. `undecorate` gives back the lines
as the program printed them, and knows for each where it stood. Text without decoration goes
through a few substring searches and is returned as it is.

Sources of the forms: RFC 3339; RFC 3164 section 4.1 (syslog) and journalctl(1) `-o short`;
Kubernetes CRI log format (`kubelet/container-log` in kubernetes/design-proposals: time,
stream, F or P, line) and klog's header (`Lmmdd hh:mm:ss.uuuuuu threadid file:line]`); Docker
json-file driver ({"log", "stream", "time"}); `docker compose logs` (`name  | `); BuildKit
plain progress (`#7 0.123 `); GitHub Actions and Azure workflow commands (`##[error]`,
`::error file=...::`); GitLab runner (section_start markers, `00O ` stream marks); Jenkins
Timestamper (`[time] `); dmesg(1); Android logcat `threadtime` and `brief`; ECMA-48 5.4 for
control sequences; rsyslog's control character escape (`#012`).

Every expression here takes a number of steps that grows linearly with the text: bounded
counts, no quantifier inside a quantifier but the one of `_layers`, whose parts start with
different characters or are told apart by their first few.
"""

from __future__ import annotations

import re
from array import array

from archfit.formats.log_records import Unfold, double_spaced, expanded, regrouped

#: How many decorations may stand one behind the other in a line.
LAYERS = 8
_STAMP = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?"
_UNIT = r"(?!g?make\[)[\w./@-]{1,64}\[[\w.]{1,16}\]:"
#: Decorations that are told by their own form, wherever they stand alone.
_FRONTS = (
    # RFC 3339 and its relatives; then the CRI stream, the GitLab stream or the journal's unit
    rf"\ufeff?\[?{_STAMP}\]?(?:(?: (?:stdout|stderr) [FP])|(?: \d\d[OE](?:(?=[ \n])|\+))"
    rf"|(?: [\w.-]{{1,64}})? {_UNIT})?(?:(?<=\+)|(?=[ \t\n]|\Z)[ \t]?)",
    r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?(?:(?=\n)|[ \t])",
    r"\[?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\]?(?:[WEFi]:)?(?:(?=\n|\Z)|[ \t])",
    r"(?:<\d{1,3}>)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d "
    r"\d\d:\d\d:\d\d(?:\.\d{1,6})? [\w.:-]{1,64} [\w./@\\-]{1,64}(?:\[\d{1,7}\])?:(?:(?=\n)| )",
    r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{1,9} +\d{1,9} [\w./-]{1,80}:\d{1,6}\](?:(?=\n)| )",
    r"\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} +\d{1,6} +\d{1,6} [VDIWEF] [\w./-]{1,40} *:(?:(?=\n)| )",
    r"[VDIWEF]/[\w.-]{1,40} *\( *\d{1,6}\):(?:(?=\n)| )",
    r"\[ {0,6}\d{1,8}\.\d{3,6}\](?:(?=\n)| )",
    r"\[pod/[\w.-]{1,128}/[\w.-]{1,64}\](?:(?=\n)| )",
    r"#\d{1,4} \d{1,6}\.\d{1,3}(?:(?=\n|\Z)| )",
    r"##\[(?:error|warning|notice|debug|command|section|group|endgroup)\]",
    r"::(?:error|warning|notice|debug|group)(?: [^:\n]{0,200})?::",
)
_ANSI = re.compile(
    r"(?:\x1b|\^\[)(?:\[[0-?]{0,32}[ -/]{0,4}[@-~]|\][^\x07\x1b\n]{0,512}(?:\x07|\x1b\\)?"
    r"|[()][A-Z0-9]|[=>78cDEHMNOZ])|\x1b"
)
_GITHUB_CLI = r"[^\t\n]{1,100}\t[^\t\n]{1,100}\t(?=\ufeff?\d{4}-\d\d-\d\dT)"
_COMPOSE = re.compile(r"\n([A-Za-z][\w.-]{0,63}) +\|(?=[ \n])")
_ONE_SERVICE = re.compile(r"\A[A-Za-z][\w.-]{0,60}[_-]\d{1,3} +\| ?")
_QUOTE = re.compile(r"\n *(?:> ?)")
_ELAPSED = re.compile(r"\n\d{1,5}\.\d{2,3} ")
_BUILDKIT_SIGN = re.compile(r"\n(?: ?> \[|------\n|#\d{1,4} )")
_FENCE = re.compile(r"\n *(?:```|~~~)[\w+-]{0,20} *(?=\n|\Z)")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|nbsp|#39|#34|#x27|#9|#10);")
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'", "nbsp": " ", "#9": "\t"}
_ENTITIES |= {"#39": "'", "#34": '"', "#x27": "'", "#10": " "}
_PROMPT = re.compile(
    r"\n(?:\((?:gdb|lldb|dlv)\) ?){1,4}|\n(?:\([\w.-]{1,40}\) )?(?:"
    r"[\w.-]{1,64}@[\w.-]{1,64}(?:[: ][^\s$#%]{0,120})? ?[$#%] +"
    r"|\[[\w.-]{1,64}@[\w.-]{1,64} [^\]\n]{0,120}\][$#%] +"
    r"|(?:PS )?[A-Za-z]:\\[^:*?\"<>|\n]{0,160}> ?"
    r"|[$❯➜] +(?=[\w./~\"'{(])|% +(?=[a-z./~]))"
)


class Plain:
    """``text`` without decoration, and the way back to the ``source`` it was taken from.

    ``commands``: (line in ``text``, command) of lines that were typed after a prompt.
    """

    __slots__ = ("_lines", "_of_source", "_of_text", "commands", "source", "text")

    def __init__(
        self,
        text: str,
        source: str,
        lines: array[int] | None = None,
        commands: tuple[tuple[int, str], ...] = (),
    ) -> None:
        self.text = text
        self.source = source
        self.commands = commands
        self._lines = lines
        self._of_source: list[str] | None = None
        self._of_text: list[str] | None = None

    @property
    def decorated(self) -> bool:
        """Something was taken off."""
        return self.text is not self.source

    def origin(self, line: int, column: int = 1) -> tuple[int, int]:
        """Where a place in ``text`` stands in ``source``; both count from 1.

        Where colour or escapes stood inside the line, the column is that of the first
        character from there on that can be found again, or 1.
        """
        there = line
        if self._lines is not None and 0 < line <= len(self._lines):
            there = self._lines[line - 1]
        if not self.decorated:
            return there, column
        if self._of_source is None or self._of_text is None:
            self._of_source = self.source.split("\n")
            self._of_text = self.text.split("\n")
        if not (0 < line <= len(self._of_text) and 0 < there <= len(self._of_source)):
            return there, column
        wanted = self._of_text[line - 1][column - 1 :]
        found = self._of_source[there - 1].find(wanted.rstrip("\r") if wanted else "\0")
        return there, (found + 1 if found >= 0 else 1)


def plain(line: str) -> str:
    """One line without decoration that is told by its own form.

    A JSON line gives its message, which may have several lines.
    """
    return undecorate(_ONE_SERVICE.sub("", line)).text


def undecorate(
    text: str, anchor: re.Pattern[str] | None = None, unfold: Unfold | None = None
) -> Plain:
    """The lines as the program printed them.

    ``anchor`` matches what some lines of the program start with; where it is found behind
    something that is not known here, and the next line has a front of the same shape, that
    shape is taken off too. ``unfold`` gives the lines that stand in one line by a way of
    their own, or None.
    """
    if (
        unfold is None
        and not _decorated(text)
        and (anchor is None or not _shapes("\n" + text, anchor))
    ):
        return Plain(text, text)
    body, lines = regrouped(_controls("\n" + text))
    body = _layers(body)
    unfolded = expanded(body, lines, unfold)
    if unfolded is not None:
        body, lines = _layers(_controls(unfolded[0])), unfolded[1]
    for _ in range(3):
        shapes = _shapes(body, anchor) if anchor is not None else []
        if not shapes:
            break
        body = re.sub(r"\n(?:" + "|".join(shapes) + ")", "\n", body)
        body = _layers(body)
    commands: list[tuple[int, str]] = []
    line = at = 0
    for found in _PROMPT.finditer(body):
        line += body.count("\n", at, found.start() + 1)
        at = found.start() + 1
        end = body.find("\n", found.end())
        commands.append((line, body[found.end() : end if end >= 0 else None].strip()))
    if commands:
        body = _PROMPT.sub("\n", body)
    if body[1:] == text:
        return Plain(text, text, commands=tuple(commands))
    return Plain(body[1:], text, lines, tuple(commands))


#: What a line with a front of its own form can start with: a quick no for most lines.
_STARTS = r"(?=[\d\[#:<\ufeffJFMASONDIWEV])"
_STATIC = re.compile(rf"\n {{0,8}}{_STARTS}(?:{'|'.join(_FRONTS)})")
#: (a character, a text with it): looking for one character is fifty times as fast.
_SIGNS = (
    ("\x1b", "\x1b"),
    ("\r", "\r"),
    ("^", "^[["),
    ("`", "```"),
    ("~", "~~~"),
    (">", "\n>"),
    (">", "\n >"),
    ('"', '{"'),
    ("\\", "\\n"),
    ("\\", ":\\"),
    ("#", "#012"),
    ("|", " |"),
    ("@", "@"),
    ("$", "$ "),
    ("%", "% "),
    ("❯", "❯"),
    ("➜", "➜"),
    ("&", "&"),
    ("-", "\n------\n"),
    ("2", "\t20"),
    ("(", "(gdb)"),
    ("(", "(lldb)"),
    ("(", "(dlv)"),
)


def _decorated(text: str) -> bool:
    """May be True for text that is not; never False for text that is."""
    return (
        any(char in text and sign in text for char, sign in _SIGNS)
        or text.startswith(">")
        or double_spaced("\n" + text)
        or _STATIC.search(text) is not None
        or _STATIC.match("\n" + text[:512]) is not None
    )


def _controls(body: str) -> str:
    """Without colour, carriage returns and HTML escapes; the number of lines stays."""
    if "\x1b" in body or "^[[" in body:
        body = _ANSI.sub("", body)
    if "\r" in body:
        body = body.replace("\r\n", "\n")
        if "\r" in body:
            # A terminal shows what was written last: a progress bar writes over itself.
            body = "\n".join(
                next((p for p in reversed(x.split("\r")) if p.strip()), "") if "\r" in x else x
                for x in body.split("\n")
            )
    if "&" in body and ";" in body:
        body = _ENTITY.sub(lambda m: _ENTITIES.get(m[0][1:-1], m[0]), body)
    return body


def _layers(body: str) -> str:
    """Take off all that is told by its form, or by standing in front of a whole block."""
    fronts = list(_FRONTS)
    if "\t20" in body or "\t\ufeff20" in body:
        fronts.append(_GITHUB_CLI)
    if " |" in body:
        fronts += [rf"{re.escape(name)} +\|(?:(?=\n|\Z)| )" for name in _services(body)]
    body = _most_lines(body)
    # Text may be indented as a whole, as code is in Markdown.
    pattern = re.compile(rf"\n {{0,8}}(?:{'|'.join(fronts)}){{1,{LAYERS}}}")
    if len(fronts) > len(_FRONTS) or _STATIC.search(body):
        body = pattern.sub("\n", body)
    if "\n>" in body or "\n >" in body:
        for _ in range(3):
            if not _covers(body, _QUOTE, 3, 0.6):
                break
            body = pattern.sub("\n", _QUOTE.sub("\n", body))
    if _BUILDKIT_SIGN.search(body) and len(_ELAPSED.findall(body)) > 1:
        body = _ELAPSED.sub("\n", body)
    if "```" in body or "~~~" in body:
        body = _FENCE.sub("\n", body)
    return body


def _most_lines(body: str) -> str:
    """Take off the fronts of most lines, which have one shape, in half of the time."""
    for _ in range(3):
        first = _STATIC.search(body)
        if first is None:
            break
        front = first[0][1:]
        if front[-1] not in " \t" and body[first.end() : first.end() + 1] != "\n":
            break
        body = re.sub(rf"\n{_shape(front.rstrip() + ' ')}", "\n", body)
    return body


def _services(body: str) -> list[str]:
    """Names before a bar which fill a block of lines, as `docker compose logs` writes."""
    counts: dict[str, int] = {}
    first, last = -1, -1
    for found in _COMPOSE.finditer(body):
        counts[found[1]] = counts.get(found[1], 0) + 1
        first = found.start() if first < 0 else first
        last = found.end()
    total = sum(counts.values())
    if total < 3:
        # Two blanks and the number of the container: no table looks so.
        return [name for name in counts if re.search(r"\n\S{1,64}[_-]\d{1,3} {2,}\|", body)]
    if len(counts) > 64 or total < 0.5 * (body.count("\n", first, last) or 1):
        return []
    # A table has another word in each row; a service speaks more than once.
    return [name for name, count in counts.items() if count > 1 or total > 2 * len(counts)]


def _covers(body: str, pattern: re.Pattern[str], least: int, part: float) -> bool:
    """The pattern starts ``part`` of the lines between its first and last place."""
    count, first, last = 0, -1, -1
    for found in pattern.finditer(body):
        count += 1
        first = found.start() if first < 0 else first
        last = found.end()
    if count < least:
        return count == sum(1 for line in body.split("\n") if line.strip()) > 0
    blank = len(re.findall(r"\n[ \t]*(?=\n)", body[first:last]))
    return count >= part * max(1, body.count("\n", first, last) - blank)


def _shapes(body: str, anchor: re.Pattern[str]) -> list[str]:
    """Expressions for fronts that stand before the anchor and again in the next line."""
    shapes: dict[str, bool] = {}
    for found in anchor.finditer(body):
        start = body.rfind("\n", max(0, found.start() - 202), found.start()) + 1
        front = body[start : found.start()]
        if not start or not front.strip() or len(shapes) > 32:
            continue
        shape = _shape(front)
        if shapes.get(shape):
            continue
        after = body.find("\n", found.end())
        following = body[after : after + 400] if after >= 0 else ""
        shapes[shape] = re.match(r"\n(?:" + shape + r")[ \t]*[^\s]", following) is not None
    # The longest first, as one front may be the start of another.
    return sorted((s for s, again in shapes.items() if again), key=len, reverse=True)


def _shape(front: str) -> str:
    """The front as an expression in which numbers may differ; a lost last blank is no matter."""
    parts = re.findall(r"\d+|[ \t]+|[^\d \t]+", front.rstrip(" \t"))
    made = [
        r"\d{1,20}" if p[0].isdigit() else r"[ \t]{1,8}" if p[0] in " \t" else re.escape(p)
        for p in parts
    ]
    return "".join(made) + ("[ \t]?" if front[-1] in " \t" else "")
