"""Chapters 4.1 and 4.3: clean builds, stripped programs, SQLite without cgo."""

from __future__ import annotations

import re

from archfit.lab.claim import Claim, Judged, Seen, Verdict
from archfit.model.errors import Unavailable


def _clean(seen: Seen) -> Judged:
    """`true` if -modcache made the build see the change; `partly` if the command works, and
    what helps is another part of it."""
    said = seen.step("claims/clean", "clean")
    saw = dict(re.findall(r"^(.+?): (?:answer )?(\d+)$", said.out, re.M))
    fresh = {name for name, answer in saw.items() if answer == "2"}
    status = saw.get("the article's command")
    if status is None:
        raise Unavailable(f"the recipe did not end: {said.text[-120:]}")
    told = f"a changed header outside the package is seen: {'; '.join(sorted(fresh)) or 'never'}"
    told += f"; the command ends with {status}"
    if status != "0":
        return Judged(Verdict.FALSE, told)
    helped = any(name.startswith("after -modcache") for name in fresh)
    return Judged(Verdict.TRUE if helped else Verdict.PARTLY, told)


def _strip(seen: Seen) -> Judged:
    """`true` if only the size changes; `partly` if the C function's name is lost too."""
    trial = seen.run("claims/strip")[0]
    rows = []
    for step in ("whole", "stripped"):
        text = trial.of(step).out
        size, name = (
            re.search(r"bytes: +(\d+)", text),
            re.search(r"function at (0x\w+): (\S+)", text),
        )
        if size is None or name is None:
            raise Unavailable(f"{step}: {text[-120:]}")
        rows.append((int(size[1]), name[2], set(re.findall(r"\.(\w+)", text))))
    (big, named, had), (small, lost, has) = rows
    gone = ", ".join(f".{name}" for name in sorted(had - has)) or "none"
    told = (
        f"{big} to {small} bytes; sections gone: {gone}; addr2line names the C function"
        f" {named}, stripped {lost}"
    )
    if small >= big:
        return Judged(Verdict.FALSE, told)
    return Judged(Verdict.PARTLY if named != lost else Verdict.TRUE, told)


_NAMED = ("tinygo/sqlite", "sqle/velox")
_REAL = ("modernc", "ncruces", "zombiezen", "glebarez")


def _packages(seen: Seen) -> Judged:
    """Absent is 404 or 410 (go.dev/ref/mod, "GOPROXY protocol"); any other refusal is none."""
    trial = seen.run("claims/sqlite-modules")[0]
    real = [name for name in _REAL if not trial.of(name).status]
    if not real:
        raise Unavailable("the module proxy can't be reached")
    there = [name for name in _NAMED if not trial.of(name).status]
    absent = [name for name in _NAMED if re.search(r"\b(404|410)\b", trial.of(name).text)]
    told = (
        f"there: {', '.join(there) or 'neither'}; absent (404): {', '.join(absent) or 'neither'};"
        f" real ones served: {', '.join(real)}"
    )
    if len(absent) == len(_NAMED):
        return Judged(Verdict.INVENTED, told)
    if there:
        return Judged(Verdict.TRUE if len(there) == len(_NAMED) else Verdict.PARTLY, told)
    control = re.search(r"\b\d{3}\b [A-Z]\w+", trial.of("control").text)
    raise Unavailable(
        f"this proxy refuses ({control[0] if control else 'without a number'}) every name it lacks,"
        f" one that nobody has too: absent and forbidden look alike; it serves {', '.join(real)}"
    )


#: The article's largest figure over its smallest.
_ARTICLE = 15600 / 9100


def _rates(seen: Seen) -> Judged:
    """A figure without its mode says nothing when modes differ more than the figures do."""
    said = seen.step("claims/sqlite-rate", "rate")
    rates = {
        f"{journal} {sync}, {n} a transaction": int(rate)
        for journal, sync, n, rate in re.findall(r"^(\w+) (\w+) (\d+) (\d+)$", said.out, re.M)
    }
    if len(rates) < 2:
        raise Unavailable(f"no rates: {said.text[-120:]}")
    low, high = min(rates.values()), max(rates.values())
    told = (
        f"one SQLite, rows a second: {'; '.join(f'{k}: {v:,}' for k, v in rates.items())};"
        f" the article's figures differ by {_ARTICLE:.1f} and name no mode"
    )
    apart = high / max(low, 1) > _ARTICLE
    return Judged(Verdict.UNVERIFIABLE if apart else Verdict.PARTLY, told)


CLAIMS = (
    Claim(
        "ch4.1.clean",
        "4.1",
        "go clean -cache -modcache -r keeps old cgo dependencies out of the build",
        ("claims/clean",),
        Verdict.PARTLY,
        "-modcache deletes downloads only; a header outside the package is in no cache key, so"
        " -cache helps, and only if the built program is removed too",
        "go help clean; go help cache",
        _clean,
    ),
    Claim(
        "ch4.1.strip",
        "4.1",
        "-ldflags='-s -w' strips debug information to make the file smaller",
        ("claims/strip",),
        Verdict.PARTLY,
        "the symbol table goes too: frames in C can't be named any more",
        "go doc cmd/link",
        _strip,
    ),
    Claim(
        "ch4.3.packages",
        "4.3",
        "tinygo/sqlite and sqle/velox are SQLite in pure Go",
        ("claims/sqlite-modules",),
        Verdict.INVENTED,
        "real: modernc.org/sqlite, ncruces/go-sqlite3, zombiezen.com/go/sqlite, glebarez/go-sqlite",
        "the module proxy",
        _packages,
    ),
    Claim(
        "ch4.3.rates",
        "4.3",
        "12,400 / 9,100 / 15,600 inserts a second",
        ("claims/sqlite-rate",),
        Verdict.UNVERIFIABLE,
        "it depends on transaction, journal and sync mode; two of the three do not exist",
        "sqlite.org/faq.html (19)",
        _rates,
    ),
)
