"""The flags experiment in words, as a document for machines, and as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from archfit import __version__
from archfit.lab.flag_calls import ROLES
from archfit.lab.flag_cells import Cell, Outcome
from archfit.lab.flags import Flags
from archfit.report.html_page import Cell as Box
from archfit.report.html_page import Table, page

SCHEMA = "archfit.lab-flags/1"


def named(marker: str) -> str:
    """ENV_CFLAGS is the variable CGO_CFLAGS, LINE_CFLAGS a `#cgo CFLAGS` line."""
    origin, _, name = marker.partition("_")
    return f"CGO_{name}" if origin == "ENV" else f"#cgo {name}"


def word(found: Outcome) -> str:
    """fails, warns or builds."""
    return "fails" if found.status else "warns" if found.warning else "builds"


def said(found: Outcome) -> str:
    """The first line that tells of it."""
    return found.error if found.status else found.warning


def document(found: Flags) -> dict[str, Any]:
    """The result as JSON."""
    return {
        "schema": SCHEMA,
        "releases": list(found.releases),
        "compilers": [{"name": t.name, "version": t.version} for t in found.tools],
        "absent": list(found.absent),
        "builds": len(found.cells),
        "cached": sum(one.cached for _, one in found.cells),
        "seconds": round(found.seconds, 2),
        "reach": [
            {"flag": named(marker), "role": role, "toolchains": roles[role]}
            for marker, roles in found.reach().items()
            for role in ROLES
            if role in roles
        ],
        "calls": [{"role": role, "recorded": a, "shown": b} for role, a, b in calls(found)],
        "breaks": [_row(cell, one) for cell, one in found.of("break")],
        "libraries": [_row(cell, one) for cell, one in found.of("library")],
        "claims": [
            {"claim": claim, "verdict": verdict, "evidence": evidence}
            for claim, verdict, evidence in claims(found)
        ],
    }


def _row(cell: Cell, found: Outcome) -> dict[str, Any]:
    twins = [{"wanted": w, "there": t, "fix": f} for w, t, f in found.twins]
    return {
        **dict(cell.axes),
        "outcome": word(found),
        "text": said(found),
        "cause": found.cause,
        "twins": twins,
    }


def calls(found: Flags) -> list[tuple[str, int, int]]:
    """(role, calls that the recorder saw, calls that -x shows), over all toolchains."""
    total = {role: [0, 0] for role in ROLES}
    for _, one in found.of("reach"):
        for role, (recorded, shown) in one.seen.items():
            total[role][0] += recorded
            total[role][1] += shown
    return [(role, a, b) for role, (a, b) in total.items() if a or b]


def claims(found: Flags) -> list[tuple[str, str, str]]:
    """(claim of chapter 2.2, verdict, evidence); only what was run."""
    rows: list[tuple[str, str, str]] = []
    cpp = found.reach().get("ENV_CPPFLAGS", {})
    if cpp:
        both = len(cpp.get("user .c", ())), len(cpp.get("user .cc", ()))
        rows.append(
            (
                "CGO_CPPFLAGS is for C++ preprocessing",
                "false" if both[0] else "true",
                f"it reached .c files in {both[0]} and .cc files in {both[1]} toolchains",
            )
        )
    spoiled = [
        (cell, one)
        for cell, one in found.of("break")
        if cell.axis("flag") == "-std=gnu++17" and cell.axis("where").endswith(" CFLAGS")
    ] + [
        (cell, one)
        for cell, one in found.of("break")
        if cell.axis("flag") == "-std=gnu++17" and cell.axis("where") == "CGO_CFLAGS"
    ]
    if spoiled:
        words = {word(one) for _, one in spoiled}
        verdict = "true" if words == {"fails"} else "partly" if "fails" in words else "false"
        each = [f"{c.axis('where')} {word(o)} with {c.axis('cc')}" for c, o in spoiled]
        rows.append(
            ("-std=gnu++17 in CGO_CFLAGS breaks a C compile", verdict, "; ".join(sorted(set(each))))
        )
    for library, claim in (("c++", 'a C++ library without extern "C" fails at link'),):
        own = [one for cell, one in found.of("library") if cell.axis("library") == library]
        bad = [one for one in own if one.status and one.twins]
        if own:
            verdict = "true" if len(bad) == len(own) else "partly" if bad else "false"
            there = f", where {bad[0].twins[0][1]} is defined" if bad else ""
            text = f"{len(bad)} of {len(own)} builds lack {'say_hello'}{there}"
            rows.append((claim, verdict, text))
    near = [(c, o) for c, o in found.of("library") if c.axis("named") == "./libhello.a"]
    if near:
        good = {c.axis("from") for c, o in near if not o.status}
        bad_from = {c.axis("from") for c, o in near if o.status}
        verdict = "partly" if good and bad_from else "true" if good else "false"
        rows.append(
            (
                "#cgo LDFLAGS: ./libhello.a links the library",
                verdict,
                f"built from {_list(good)} it links, from {_list(bad_from)} it does not",
            )
        )
    return rows


def _list(words: set[str]) -> str:
    return " and ".join(sorted(words)) or "nowhere"


def _grouped(rows: Sequence[tuple[Cell, Outcome]], axes: Sequence[str]) -> list[list[str]]:
    """One line for all cells that agree: values of ``axes``, how, what was said, toolchains."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for cell, one in rows:
        cause = f"  [{one.cause}]" if one.cause else ""
        key = (*(cell.axis(axis) for axis in axes), word(one), f"{_plain(said(one))}{cause}")
        groups.setdefault(key, []).append(f"{cell.axis('go')} {cell.axis('cc')}")
    first: dict[tuple[str, ...], int] = {}
    for number, key in enumerate(groups):
        first.setdefault(key[: len(axes)], number)
    keys = sorted(groups, key=lambda key: first[key[: len(axes)]])
    return [[*key, _toolchains(groups[key])] for key in keys]


def _plain(text: str) -> str:
    """Without the path of a linker or of an object before what it says."""
    head, found, rest = text.partition(": ")
    return rest if found and head.startswith("/") and "undefined" not in rest else text


def _toolchains(names: Sequence[str]) -> str:
    by_cc: dict[str, list[str]] = {}
    for name in names:
        go, _, cc = name.partition(" ")
        by_cc.setdefault(cc, []).append(go)
    groups: dict[str, list[str]] = {}
    for cc, gos in by_cc.items():
        groups.setdefault(", ".join(dict.fromkeys(gos)), []).append(cc)
    return "; ".join(f"{', '.join(ccs)} (go {gos})" for gos, ccs in groups.items())


def _reach_rows(found: Flags) -> Iterator[tuple[str, str, str]]:
    """(flag, roles that it reaches everywhere, roles that it reaches in some)."""
    total = len(found.of("reach"))
    for marker, roles in found.reach().items():
        fortran = sum(bool(cell.tools.fc) for cell, _ in found.of("reach"))
        most = {role: fortran if role == "user .f" else total for role in ROLES}
        always = [role for role in ROLES if len(roles.get(role, ())) >= most[role] > 0]
        rest = [role for role in ROLES if 0 < len(roles.get(role, ())) < most[role]]
        some = "; ".join(
            f"{role}: {_toolchains([n.removeprefix('go') for n in roles[role]])}" for role in rest
        )
        yield named(marker), ", ".join(always), some


_BREAK = ("where", "flag")
_LIBRARY = ("library", "named", "from")
_TOLD = "`probe`: the go command asks the compiler what it knows, with the flags it was given"


def lines(found: Flags) -> Iterator[str]:
    """For people."""
    tools = ", ".join(tool.name for tool in found.tools)
    yield f"go {', '.join(found.releases)} with {tools}: {_times(found)}"
    yield from (f"not tried: {text}" for text in found.absent)
    yield "\nwhom a flag reaches (" + _TOLD + ")"
    for flag, always, some in _reach_rows(found):
        yield f"  {flag:<14} {always or '-'}"
        if some:
            yield f"  {'':<14} not everywhere: {some}"
    yield "\ncompiler calls: recorded, shown by go build -x"
    yield from (f"  {role:<14} {a:>4} {b:>4}" for role, a, b in calls(found))
    yield "\na language standard in the wrong place"
    for where, flag, how, text, who in _grouped(found.of("break"), _BREAK):
        yield f"  {where:<14} {flag:<22} {how:<7} {who}"
        if text:
            yield f"  {'':<14} {text}"
    yield "\na library: how it was built, how it is named, where go build is started"
    for built, name, where, how, text, who in _grouped(found.of("library"), _LIBRARY):
        yield f"  {built:<14} {name:<24} {where:<22} {how:<7} {who}"
        if text:
            yield f"  {'':<14} {text}"
    for wanted, there, fix in _twins(found):
        yield f"\n  {wanted} is wanted, {there} is there: {fix}"
    yield "\nclaims"
    for claim, verdict, evidence in claims(found):
        yield f"  {verdict:<7} {claim}"
        yield f"  {'':<7} {evidence}"


def _twins(found: Flags) -> list[tuple[str, str, str]]:
    return list(dict.fromkeys((w, t, f) for _, one in found.cells for w, t, f in one.twins))


def _times(found: Flags) -> str:
    cached = sum(one.cached for _, one in found.cells)
    known = f", {cached} of them known from before" if cached else ""
    return f"{len(found.cells)} builds{known}, {found.seconds:.1f} s"


def html(found: Flags) -> str:
    """A self-contained page."""
    looks = {"fails": "bad", "warns": "half", "builds": "good"}

    def boxes(row: Sequence[str], at: int) -> list[Box | str]:
        return [Box(text, looks[text]) if n == at else text for n, text in enumerate(row)]

    tables = [
        Table(
            "Whom a flag reaches",
            _TOLD,
            ("flag", "reaches", "not with every toolchain"),
            [[Box(flag, "name"), always, some] for flag, always, some in _reach_rows(found)],
        ),
        Table(
            "A language standard in the wrong place",
            "The first line that is said, and the cause that archfit tells from the output.",
            ("where", "flag", "outcome", "said", "with"),
            [boxes(row, 2) for row in _grouped(found.of("break"), _BREAK)],
        ),
        Table(
            "A library",
            "Built by the same compiler; `from`: where go build is started.",
            ("built as", "named", "from", "outcome", "said", "with"),
            [boxes(row, 3) for row in _grouped(found.of("library"), _LIBRARY)],
        ),
        Table(
            "Names that are there in the other spelling",
            "",
            ("wanted", "there", "what makes them one"),
            [list(row) for row in _twins(found)],
        ),
        Table(
            "Compiler calls",
            "What the recorder in the compiler's place saw, beside what go build -x prints.",
            ("for", "recorded", "shown by -x"),
            [[role, str(a), str(b)] for role, a, b in calls(found)],
        ),
        Table("Claims", "", ("claim", "verdict", "evidence"), [list(row) for row in claims(found)]),
    ]
    tools = ", ".join(f"{tool.name} ({tool.version})" for tool in found.tools)
    lead = [f"Go {', '.join(found.releases)}; {tools}. {_times(found)}."]
    lead += [f"Not tried: {text}." for text in found.absent]
    return page("archfit lab flags", lead, tables, f"archfit {__version__}")
