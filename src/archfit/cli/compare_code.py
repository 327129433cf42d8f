"""`archfit compare --code`: the functions of two binaries, and what changed in them."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archfit.instructions.code import Code, Function
    from archfit.instructions.compare import Comparison


def run(args: Namespace) -> int:
    """Print the comparison; 1 when code differs, 0 when all of it is the same."""
    import gc
    from contextlib import ExitStack

    from archfit.cli.extras import need
    from archfit.model.errors import Misuse

    need("inspect")
    from archfit.cli.binary_code import code_of
    from archfit.instructions.compare import compare

    gc.disable()
    notes: list[str] = []
    with ExitStack() as stack:
        a = code_of(args.a, stack, args.slice_a, notes)
        b = code_of(args.b, stack, args.slice_b, notes)
        if a.isa != b.isa:
            raise Misuse(
                f"{args.a} is {a.isa} and {args.b} is {b.isa}: code of two ISAs has no common form",
                f"archfit compare --bindings {args.a} {args.b}",
            )
        found = compare(a, b)
        report = _report(args, a, b, found, notes)
    if args.format == "json":
        json.dump(report, sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in _text(report))
    differs = found.changed or found.only_a or found.only_b or found.renamed
    return 1 if differs else 0


def _report(
    args: Namespace, a: Code, b: Code, found: Comparison, notes: list[str]
) -> dict[str, Any]:
    from archfit.instructions import listing

    machine = listing.engine(a.isa)
    changed = []
    for index, (one, other) in enumerate(found.changed):
        row: dict[str, Any] = {
            "name": one.name,
            "a": f"{one.start:#x}",
            "b": f"{other.start:#x}",
            "bytes": [one.end - one.start, other.end - other.start],
        }
        small = max(row["bytes"]) <= 1 << 16
        if index < args.show and small:
            left, bad = listing.lines(machine, a, one)
            right, worse = listing.lines(machine, b, other)
            row["rows"] = listing.side_by_side(left, right)
            row["undecoded_bytes"] = [bad, worse]
        changed.append(row)

    def plain(function: Function) -> dict[str, str]:
        return {"name": function.name, "start": f"{function.start:#x}"}

    return {
        "schema": "archfit.compare-code/1",
        "files": [args.a, args.b],
        "isa": a.isa,
        "functions": [len(a.functions), len(b.functions)],
        "same": len(found.same),
        "moved": len(found.moved),
        "changed": changed,
        "renamed": [{"a": x.name, "b": y.name} for x, y in found.renamed],
        "only_in_a": [plain(f) for f in found.only_a],
        "only_in_b": [plain(f) for f in found.only_b],
        "not_compared": {
            "functions_without_bytes": len(found.unread),
            "code_bytes_outside_of_functions": [a.uncovered, b.uncovered],
            "changed_but_not_disassembled": found.undecided,
            "changed_with_undecodable_bytes": found.opaque,
            "data": True,
        },
        "notes": notes,
    }


def _text(report: dict[str, Any]) -> list[str]:
    one, other = report["functions"]
    out = [
        f"{report['isa']}: {one} functions in A, {other} in B",
        f"  same      {report['same']}",
        f"  moved     {report['moved']}  the same code at another address",
        f"  changed   {len(report['changed'])}",
        f"  renamed   {len(report['renamed'])}  the same code under another name",
        f"  only in A {len(report['only_in_a'])}",
        f"  only in B {len(report['only_in_b'])}",
    ]
    skipped = report["not_compared"]
    outside = skipped["code_bytes_outside_of_functions"]
    out.append(
        f"not compared: data, and {outside[0]} and {outside[1]} bytes of code in no known function"
    )
    for key, text in (
        ("functions_without_bytes", "functions whose bytes are not in the file"),
        (
            "changed_but_not_disassembled",
            "of the changed were not disassembled: of equal length, perhaps only addresses differ",
        ),
        (
            "changed_with_undecodable_bytes",
            "of the changed have bytes that are no known instruction",
        ),
    ):
        if skipped[key]:
            out.append(f"  {skipped[key]} {text}")
    out += [f"note: {note}" for note in report["notes"]]
    out += [f"renamed: {row['a']} -> {row['b']}" for row in report["renamed"][:20]]
    out += [f"only in A: {row['name']}" for row in report["only_in_a"][:20]]
    out += [f"only in B: {row['name']}" for row in report["only_in_b"][:20]]
    listed = [row for row in report["changed"] if "rows" in row]
    for row in listed:
        sizes = row["bytes"]
        out += ["", f"{row['name']}  A {row['a']} {sizes[0]} bytes, B {row['b']} {sizes[1]} bytes"]
        wide = min(60, max((len(left) for _, left, _ in row["rows"]), default=0))
        out += [f"  {mark:2} {left:{wide}}  {right}".rstrip() for mark, left, right in row["rows"]]
        if any(row["undecoded_bytes"]):
            out.append(
                f"  not decoded: {row['undecoded_bytes'][0]} and {row['undecoded_bytes'][1]} bytes"
            )
    rest = [row["name"] for row in report["changed"] if "rows" not in row]
    if rest:
        out += ["", f"changed, not listed here ({len(rest)}): " + ", ".join(rest[:20])]
    return out
