"""Sentences about a message, which are not the message itself.

Manuals, answers and release notes quote what tools print: what it means, when one sees it, that
it was repaired. Such a sentence proves no failure. A report does ("I get ... when ..."), so a
sentence in which somebody speaks of themselves is never taken for an explanation. The forms
were chosen from manuals and change logs; no tool is known to print a message within one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

#: How far the sentence is followed from the message, in characters.
_REACH = 300

_REPORTS = r"\b(?:I|I'm|I've|I'd|we|We|we're|my|My|our|Our|me|us)\b|\b(?:[Gg]etting|[Gg]ot)\b"
_EXPLAINS = (
    # what it means, and when it is printed
    r"\b[Mm]eans (?:that|the|your|a|an|it|\d{1,9})\b",
    r"\b(?:is|are) (?:printed|raised|returned|thrown|reported|emitted|shown|displayed) "
    r"(?:by|when|whenever|if)\b",
    r"\b(?:usually|typically|generally|commonly|often) (?:means|happens|occurs|indicates)\b",
    r"\b(?:occurs|happens) (?:when|whenever|if)\b",
    r"\bprints [^\n]{0,200} (?:when|whenever|if) (?:it|a|an|the|two)\b",
    r"\b[Ww]hat does [^\n]{0,200} mean\b",
    # what a configuration script looks into
    r"^\W{0,8}[Cc]hecking (?:for|whether|if)\b",
    # what somebody would see
    r"\b[Yy]ou (?:may|might|could|would|will|can) (?:also )?"
    r"(?:see|get|encounter|receive|notice|run into|face|experience)\b",
    r"^\W{0,8}If (?:you|your|the|a|an)\b",
    # what was repaired
    r"^\W{0,8}(?:[a-z]{1,12}(?:\([\w./-]{1,40}\))?: )?(?:[Ff]ix(?:ed|es)?|[Bb]ug ?fix|"
    r"[Ww]ork-?around for|[Rr]esolve[sd]?|[Pp]revent(?:s|ed)?|[Aa]void(?:s|ed)?|Handle[sd]?|"
    r"Detect(?:s|ed)?|Explain(?:s|ed)?|Document(?:s|ed)?)\b",
    # one line of `git log --oneline`
    r"^\W{0,4}[0-9a-f]{7,12} (?:\([^()\n]{1,60}\) )?(?:[a-z]{2,12}(?:\([\w./-]{1,40}\))?: |"
    r"(?:Fix|Add|Handle|Avoid|Prevent|Report|Detect|Explain|Document|Ignore|Catch|Improve)\b)",
    # a heading of a manual
    r"\b[Ww]hat (?:is|to do (?:when|if))\b|^\W{0,4}(?:\d{1,2}[.)] )?Reading `| explained\W{0,3}$",
    r"\bno longer (?:fails?|crash(?:es)?|throws?|panics?|prints?|dies)\b",
)
#: What stands before a message in a table of error numbers, such as that of `errno -l`.
_LISTS = (
    r"^\W{0,8}(?:#\s?define E[A-Z0-9]{2,15}|\d{1,3}\s{1,8}E(?!RR)[A-Z0-9]{2,15}|"
    r"E(?!RR)[A-Z0-9]{2,15}\s{1,12}\d{1,3})\s{1,12}(?:\d{1,3}\s{1,12})?(?:/\*\s?)?$"
)
#: What stands around a message in the first column of a table of them.
_FIRST_COLUMN, _FURTHER = (
    r"^\s{0,8}\|?[^|]{0,60}$",
    r"^[^|]{0,60}\|[^|]{3,160}\|\s*$",
)
#: What stands before a message that is a string in source code.
_CODE = (
    r"^\s{0,40}(?:(?:const|var|let|return|case|if|elif|assert|expect|func|def)\b[^\n]{0,200}"
    r"[\"'`]|(?!(?:err(?:or)?|std(?:err|out)|msg|message|reason|cause|detail|output)\s)[a-z]\w{0,40}\s{1,12}:?=\s{1,4}[\"'`])$"
)
#: A test compares what it got with what it wanted, and prints both.
_COMPARES = (
    r"(?:_test\.go:\d{1,6}: |\bAssertionError: |\bassert(?:_eq)?!?\b|^\s{0,8}[-+] ?)[^\n]{0,200}"
    r"[\"'`][^\"'`\n]{0,200}$"
)
_WANTS = (
    r"^[^\n]{0,200}(?:\bwant\b|\bexpected\b|\bgot\b|[!=]= |\bnot found in\b"
    r"|does not (?:contain|match))"
)
#: What ends a commit's message, and what begins one in `git log`.
_TRAILER = (
    r"^(\s{4,12})(?:Change-Id: I|Signed-off-by: |Reviewed-(?:on|by): |Co-authored-by: |Acked-by: )"
)
_COMMIT = r"^commit [0-9a-f]{7,40}\b"


def of_commits(lines: Mapping[int, str]) -> frozenset[int]:
    """The numbers of lines that are messages of commits: indented, below a head or above a
    trailer of one. What they quote happened to somebody else, and was mended."""
    listed = list(lines.items())
    found: set[int] = set()
    for at, (_, line) in enumerate(listed):
        if line.startswith("commit ") and re.match(_COMMIT, line):
            head = at + 1
            while head < len(listed) and re.match(
                r"(?:Author|Date|Merge|Commit)\w{0,8}: ", listed[head][1]
            ):
                head += 1
            found.update(_indented(listed, range(head, len(listed))))
        elif ": " in line and line[:4].isspace() and re.match(_TRAILER, line):
            found.update(_indented(listed, range(at, -1, -1)))
    return frozenset(found)


def _indented(listed: Sequence[tuple[int, str]], rows: range) -> Iterator[int]:
    for at in rows:
        number, line = listed[at]
        if line.strip() and not line[:4].isspace():
            return
        yield number


def explains(line: str, message: str) -> bool:
    """The sentence of ``line`` in which ``message`` stands is about it."""
    at = line.find(message)
    if at < 0:
        return False
    before, after = line[max(0, at - _REACH) : at], line[at + len(message) :][:_REACH]
    if re.search(_LISTS, before) or re.search(_CODE, before):
        return True
    if re.search(_FIRST_COLUMN, before) and re.search(_FURTHER, after):
        return True
    sentence = before.rpartition(". ")[2] + message + after.partition(". ")[0]
    if re.search(_COMPARES, before) and (
        re.search(_WANTS, after) or re.search(r"\b(?:got|want|expected)\b", before)
    ):
        return True
    # What a tool adds in brackets is the tool's own.
    sentence = re.sub(r"\([^()\n]{0,300}\)", lambda m: m[0] if message in m[0] else "", sentence)
    return bool(_explanation().search(sentence)) and not re.search(_REPORTS, sentence)


@cache
def _explanation() -> re.Pattern[str]:
    return re.compile("|".join(_EXPLAINS))
