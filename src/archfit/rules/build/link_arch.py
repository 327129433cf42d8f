"""Link inputs of more than one ISA

What is wrong
-------------
An archive holds object files of different ISAs. A link takes those of its own target and
fails on, or silently passes over, the others: `skipping incompatible`, `file in wrong
format`, `building for macOS-x86_64 but attempting to link with file built for
macOS-arm64`, then undefined symbols.

Why it happens
--------------
Objects of two builds were put into one archive (`ar r` into an archive left over from the
other ISA, a build folder shared by two targets, `lipo` left out).

Remedy
------
Make the archive anew from objects of one ISA; for macOS join one archive for each ISA
with lipo.

References
----------
- binutils ld, "skipping incompatible"; ld64, "building for ... but attempting to link"
- lipo(1), libtool(1)

Limits
------
Bitcode and members that are no object files are not counted. Whether an archive of one
ISA fits the link it is used in can't be seen from the archive.
"""

from __future__ import annotations

from collections.abc import Iterator

from archfit.facts import binary as b
from archfit.model.fact import Facts
from archfit.model.finding import Evidence, Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.rules.fit import fit, proof


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """An archive whose members do not agree."""
    isas = b.MEMBER_ISAS.require(facts)
    if len(isas) < 2:
        return
    main = max(isas, key=lambda name: isas[name])
    odd = b.ODD_MEMBERS.of(facts) or []
    yield from fit(
        need={"members": main},
        offer={"members": isas},
        message=f"holds objects of {len(isas)} targets: "
        + ", ".join(f"{count} of {name}" for name, count in isas.items()),
        evidence=(
            *proof(facts, b.MEMBER_ISAS),
            *(Evidence(str(m.get("name")), f"is for {m.get('isa')}") for m in odd[:5]),
        ),
        remedies=(
            Remedy(
                "Make the archive anew, from objects of one target",
                "rm {subject} && ar rcs {subject} *.o",
                verify="archfit check {subject}",
            ),
        ),
    )


RULE = Rule("build.link-arch", (Kind.ARCHIVE,), (b.MEMBER_ISAS,), (), judge)
