"""Secrets in a line of text: told by the form that their maker gives them, by the name that
stands before them, or by their place in a URL or header. What is shown is the kind and the
last four characters: enough to find it again, too little to use it.

Forms: AWS access key ids (AKIA, ASIA; IAM User Guide, "Identifiers"), GitHub (ghp_, gho_, ghu_,
ghs_, ghr_, github_pat_), GitLab (glpat-), Slack (xox?-, hooks), Stripe (sk_live_, rk_live_),
npm (npm_), PyPI (pypi-), SendGrid (SG.), Vault (hvs., s.), Docker Hub (dckr_pat_), OpenAI
(sk-), Google (AIza), JWT (RFC 7519: eyJ), PEM (RFC 7468).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, partial
from typing import NamedTuple

#: What stands instead of a secret that is shorter: nothing of it is shown.
_SHORT = 12

_FORMS = (
    ("AWS access key id", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255})"),
    ("GitLab token", r"\bgl(?:pat|ptt|dt|rt|cbt)-[\w.-]{16,100}"),
    ("Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,250}"),
    ("Slack webhook", r"hooks\.slack\.com/services/[A-Za-z0-9/_+-]{20,100}"),
    ("Stripe key", r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{10,250}"),
    ("npm token", r"\bnpm_[A-Za-z0-9]{30,50}"),
    ("PyPI token", r"\bpypi-[A-Za-z0-9_-]{30,300}"),
    ("SendGrid key", r"\bSG\.[\w-]{16,32}\.[\w-]{16,64}"),
    ("Vault token", r"\bhv[sb]\.[\w-]{20,300}"),
    ("Docker Hub token", r"\bdckr_[op]at_[\w-]{20,60}"),
    ("API key", r"\bsk-[A-Za-z0-9_-]{20,200}"),
    ("Google API key", r"\bAIza[\w-]{35}"),
    ("JWT", r"\beyJ[\w-]{10,2000}\.eyJ[\w-]{10,2000}(?:\.[\w-]{0,1000})?"),
)

#: Names whose value is a secret, as values files, environments and flags spell them. `key`
#: alone is not one.
_NAME = (
    r"(?:pass(?:word|wd|phrase)|passwd|(?<![a-z])pwd|secret(?!s?(?:[_-]?(?:name|ref|keyref)))"
    r"|tokens?|api[_-]?key|access[_-]?key|secret[_-]?key|private[_-]?key|encryption[_-]?key"
    r"|signing[_-]?key|auth[_-]?key|account[_-]?key|credentials?|connection[_-]?string|dsn)"
)
#: `name: value`, `name=value`, `"name": "value"`, `--name value`. Groups: name (from the word
#: that tells a secret on), value.
_PAIR = (
    r"(?i)(?P<name>" + _NAME + r"(?:[_-]?(?:id|key|base64|value))?)"
    r"\\?[\"']?(?:[ \t]{0,20}(?::=|[:=])[ \t]{0,40}|(?<=-password)[ \t]|(?<=-token)[ \t])"
    r"(?:!!?\w{1,20}[ \t])?\\?[\"']?(?P<value>(?<=\")[^\"\n]{1,400}(?=\")|(?<=')[^'\n]{1,400}(?=')"
    r"|[^\s\"'\\,;{}\[\]<>()|]{1,400})"
)
_USERINFO = r"(?P<name>[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"']{0,100}):(?P<value>[^\s/@\"']{1,200})@"
_HEADER = r"(?i)(?P<name>\b(?:bearer|basic)) (?P<value>[\w.+/=~-]{8,2000})"
_BLOCK = r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY-----[^\n]{0,8000}"
#: One line of a PEM body: nothing but base64 of 64 characters (a hexadecimal digest is not).
_BODY = r"^\s{0,80}(?=[A-Z0-9a-z+/]{0,63}[G-Zg-z])[A-Za-z0-9+/]{64}\s{0,8}$"
#: A name in lower case of words, as Kubernetes objects have: no secret under `secret:`.
_OBJECT = r"[a-z][a-z0-9]{0,60}(?:[-./_][a-z0-9]{1,60}){0,20}"

#: Names that only a credential has: what stands under them is no name of a Kubernetes object,
#: unless it says so itself.
_CREDENTIAL = (
    r"(?:client|app|application|consumer|webhook|cookie|jwt|shared|session|hmac)[_-]?secret"
)
_NAMED_OBJECT = r"[-./_](?:secrets?|creds?|credentials?|tokens?|keys?|ref)$"

#: What stands where a secret would, and is none.
PLACEHOLDER = (
    r"(?i)^(?:change[_-]?me\w{0,20}|changeit|replace[_-]?me\w{0,20}|example\w{0,20}|your[_-]"
    r"\S{1,80}|x{3,}|\*{3,}|\.{3,}|todo|tbd|none|null|nil|true|false|yes|no|~|redacted\S{0,20}"
    r"|masked|hidden|secret|password|token|string|file|env|enc\[\S{0,300}|vault:\S{0,300}"
    r"|ref\+\S{0,300}|ag[A-Za-z0-9+/]{200,}\S{0,300}|[$%&@]\S{0,300}|\d{1,3}|/\S{0,300}"
    r"|arn:\S{0,300}|(?:https?|file)://[^\s:@]{0,300})$"
)
#: Names of places to look secrets up, not secrets.
REFERENCE = (
    r"(?i)(?:existing|name|ref|path|file|keyref|enabled|length|type|policy|ttl|expir\w{0,10}"
    r"|update|mount|rotation|create|provider|hash|count|max|min|url|uri|tokens"
    r"|(?:password|passwd|username|token)[_-]?keys?)$"
)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


class Pair(NamedTuple):
    """A name, the value under it and where the value starts in the text."""

    name: str
    value: str
    start: int


def pairs(text: str) -> Iterator[Pair]:
    """Values that stand under a name like those of secrets, placeholders too."""
    for match in _compiled(_PAIR).finditer(text):
        before = text[max(0, match.start() - 60) : match.start()]
        first = len(before)
        while first and (before[first - 1].isalnum() or before[first - 1] in "_.-"):
            first -= 1
        yield Pair(before[first:] + match["name"], match["value"], match.start("value"))


def kind_of(value: str) -> str:
    """Whose secret it is by its form, "" when the form says nothing."""
    if "PRIVATE KEY-----" in value and re.search(_BLOCK, value):
        return "private key"
    for kind, pattern in _FORMS:
        if _compiled(pattern).search(value):
            return kind
    return ""


def is_secret(name: str, value: str) -> bool:
    """A value that stands under a secret's name is one, and no placeholder or reference."""
    low = name.lower()
    if _compiled(REFERENCE).search(name) or _compiled(PLACEHOLDER).match(value):
        return False
    if "existing" in low or "pullsecret" in low:
        return False
    if low.endswith(("secret", "token", "credential", "credentials", "pwd", "dsn")):
        an_object = _compiled(_OBJECT).fullmatch(value) is not None
        if _compiled(_CREDENTIAL).search(low) and not re.search(_NAMED_OBJECT, value):
            an_object = False
        if an_object or value.isalpha() or len(value) < 8:
            return False
    return not value.startswith(("{{", "${", "<", "***"))


def shown(kind: str, value: str) -> str:
    """What may be shown of a secret: its kind, and its last four characters if it is long."""
    end = value.rstrip("=")[-4:] if len(value) >= _SHORT else ""
    return f"<{kind}{' ...' + end if end else ''}>"


def masked(text: str) -> str:
    """The text with every secret in it replaced by its kind and last four characters."""
    if "PRIVATE KEY-----" in text:
        text = _compiled(_BLOCK).sub("<private key>", text)
    for kind, pattern in _FORMS:
        if _compiled(pattern).search(text):
            text = _compiled(pattern).sub(partial(_form, kind), text)
    if "://" in text:
        text = _compiled(_USERINFO).sub(lambda m: f"{m['name']}:{_value('password', m)}@", text)
    if "earer" in text or "asic " in text or "EARER" in text:
        text = _compiled(_HEADER).sub(lambda m: f"{m['name']} {_value('credential', m)}", text)
    parts, end = [], 0
    for pair in pairs(text):
        if is_secret(pair.name, pair.value) and not pair.value.endswith("..."):
            parts += [text[end : pair.start], shown("secret", pair.value)]
            end = pair.start + len(pair.value)
    text = "".join(parts) + text[end:]
    return _compiled(_BODY).sub("<base64>", text)


#: Without one of these a line has no secret that this file tells.
_SIGNS = (
    *("pass", "pwd", "secret", "token", "key", "credential", "connection", "dsn", "://", "bearer"),
    *("basic ", "akia", "asia", "gh", "gl", "xox", "_live_", "_test_", "npm_", "pypi-", "sg."),
    *("hvs.", "hvb.", "dckr_", "sk-", "aiza", "eyj", "hooks.slack"),
)


def values(line: str) -> list[str]:
    """The secrets in a line, whole: for those who must keep them out of what they make of it."""
    low = line.lower()
    if not any(sign in low for sign in _SIGNS):
        return []
    found = [m[0] for _, pattern in _FORMS for m in _compiled(pattern).finditer(line)]
    for pattern in (_USERINFO, _HEADER):
        named = (m["value"] for m in _compiled(pattern).finditer(line))
        found += [v for v in named if len(v) > 3 and not _compiled(PLACEHOLDER).match(v)]
    found += [pair.value for pair in pairs(line) if is_secret(pair.name, pair.value)]
    return sorted(set(found), key=len, reverse=True)


def without(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets, and without those that it shows itself."""
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, shown("secret", secret))
    return masked(text)


def _form(kind: str, match: re.Match[str]) -> str:
    return shown(kind, match[0])


def _value(kind: str, match: re.Match[str]) -> str:
    value = match["value"]
    if value.startswith("<") or _compiled(PLACEHOLDER).match(value):
        return value
    return shown(kind, value)
