"""What a rebuild found, in words, as JSON, and as a build record."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Any

from archfit import __version__
from archfit.host import source_copy
from archfit.lab.build_record import dir_hash, module_dependency, statement
from archfit.lab.rebuild import Compared, Outcome, moment
from archfit.model.errors import Unavailable
from archfit.model.words import visible

_SHOWN_PARTS = 8


def lines(outcome: Outcome) -> list[str]:
    """For a terminal: the verdict first, then why."""
    choices, tool = outcome.choices, outcome.tool
    cgo = outcome.compiler.version if outcome.compiler else "off"
    out = [
        f"{choices.target}, go{tool.version} ({tool.source}), cgo {cgo}",
        "command  " + " ".join(outcome.builds[0].argv),
        "pinned   " + " ".join(_pinned(outcome)),
    ]
    for build in outcome.builds:
        where = "emulated " if build.emulated else ""
        took = build.ended - build.began
        out.append(f"built    {build.name:9} {where}{moment(build.began)}, {took:.1f} s")
    out.append("")
    for row in outcome.compared:
        out += _compared(row)
    for name, where in outcome.days.items():
        out.append(
            f"CAREFUL  {name}: the day of this build stands in it ({where}); built on"
            " another day it will differ"
        )
    out.append("")
    for piece in outcome.pieces:
        sign = {True: "fits", False: "WRONG", None: "unknown"}[piece.fits]
        found = ", ".join(piece.found) or "?"
        note = f" ({visible(piece.note)})" if piece.note else ""
        out.append(f"{sign:8} {visible(piece.path)}: {found}, {piece.why}{note}")
    out += [f"note     {note}" for note in outcome.notes]
    if outcome.out:
        out.append(f"written  {outcome.out}")
    return out


def _pinned(outcome: Outcome) -> list[str]:
    hidden = ("HOME", "PATH", "GOPROXY", "GOSUMDB", "GOMODCACHE", "GOPATH", "TMPDIR")
    env = outcome.builds[0].env
    return [f"{k}={v}" if " " not in v else f"{k}='{v}'" for k, v in env.items() if k not in hidden]


def _compared(row: Compared) -> list[str]:
    if row.difference is None:
        return [f"SAME     {row.file} = {row.with_}: sha256 {row.digests[0]}"]
    out = [f"DIFFERS  {row.file} and {row.with_}: {row.digests[0][:16]} {row.digests[1][:16]}"]
    for cause in row.difference.causes:
        out.append(f"  why    {cause.says} [{cause.id}]")
        out += [f"         {visible(text)}" for text in cause.evidence]
        if cause.remedy:
            out.append(f"  mend   {cause.remedy}")
    parts = [part for part in row.difference.parts if not part.follows]
    for part in parts[:_SHOWN_PARTS]:
        size = (
            f"{part.differ:,} of {part.sizes[0]:,} bytes"
            if part.differ >= 0
            else f"{part.sizes[0]:,} and {part.sizes[1]:,} bytes"
        )
        whose = f": {', '.join(part.whose)}" if part.whose else ""
        out.append(f"  where  {part.name}, {size}{whose}")
    follows = [part.name for part in row.difference.parts if part.follows]
    if len(parts) > _SHOWN_PARTS:
        out.append(f"  where  and {len(parts) - _SHOWN_PARTS} more")
    if follows:
        out.append(f"  and what follows from it: {', '.join(follows)}")
    return out


def document(outcome: Outcome) -> dict[str, Any]:
    """Schema ``archfit.lab-rebuild/1``."""
    return {
        "schema": "archfit.lab-rebuild/1",
        "target": outcome.choices.target,
        "go": outcome.tool.version,
        "same": outcome.same,
        "fits": outcome.fits,
        "builds": [
            {
                "name": build.name,
                "began": moment(build.began),
                "seconds": round(build.ended - build.began, 2),
                "emulated": build.emulated,
                "argv": list(build.argv),
                "env": dict(build.env),
            }
            for build in outcome.builds
        ],
        "files": outcome.digests,
        "compared": [
            {
                "file": row.file,
                "with": row.with_,
                "sha256": list(row.digests),
                "same": row.difference is None,
                "causes": [asdict(cause) for cause in row.difference.causes]
                if row.difference
                else [],
                "parts": [asdict(part) for part in row.difference.parts] if row.difference else [],
                "settings": [list(s) for s in row.difference.settings] if row.difference else [],
            }
            for row in outcome.compared
        ],
        "pieces": [asdict(piece) for piece in outcome.pieces],
        "days": outcome.days,
        "notes": outcome.notes,
    }


def record(outcome: Outcome) -> dict[str, Any]:
    """The in-toto statement of the first build."""
    first = outcome.builds[0]
    last = outcome.builds[-1]
    choices, tool = outcome.choices, outcome.tool
    source: dict[str, Any] = {
        "name": "source",
        "uri": "file:.",
        "digest": {"dirHash": dir_hash(outcome.sources)},
    }
    if outcome.commit:
        source["annotations"] = {"gitCommit": outcome.commit, "modified": outcome.dirty}
        if not outcome.dirty:
            source["digest"]["gitCommit"] = outcome.commit
    return statement(
        outcome.digests,
        {
            "target": choices.target,
            "packages": list(choices.packages),
            "flags": choices.flags(),
            "command": choices.command,
            "cgo": choices.cgo,
        },
        {
            "argv": list(first.argv),
            "environment": dict(first.env),
            "go": tool.version,
            "cc": outcome.compiler.version if outcome.compiler else "",
        },
        [source, *map(module_dependency, outcome.modules), *_tools(outcome)],
        __version__,
        moment(first.began),
        moment(last.ended),
        [
            {
                "name": f"{row.file}, {row.with_}",
                "digest": {"sha256": row.digests[1]},
                "annotations": {"same": row.difference is None},
            }
            for row in outcome.compared
        ],
    )


def _tools(outcome: Outcome) -> list[dict[str, Any]]:
    """The programs of the toolchain that make code, and the C compiler, by their sums."""
    tool = outcome.tool
    folder = f"{tool.goroot}/pkg/tool/{tool.target.replace('/', '_')}"
    names = ["compile", "asm", "link", *(["cgo"] if outcome.choices.cgo else [])]
    paths = {f"go{tool.version}/go": tool.go}
    paths |= {f"go{tool.version}/{name}": f"{folder}/{name}" for name in names}
    if outcome.compiler is not None:
        paths[outcome.compiler.version] = os.path.realpath(outcome.compiler.path)
    found = []
    for name, path in paths.items():
        try:
            digest = source_copy.digest(path)
        except Unavailable:
            continue  # since Go 1.25 some tools are built when they are first asked for
        uri = "pkg:generic/go@" + tool.version if name.startswith("go") else f"file:{path}"
        found.append({"name": name, "uri": uri, "digest": {"sha256": digest}})
    return found


def dumped(document_: dict[str, Any]) -> bytes:
    """As JSON text."""
    return json.dumps(document_, indent=1, ensure_ascii=False).encode() + b"\n"
