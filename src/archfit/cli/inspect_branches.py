"""`archfit inspect --branches`: indirect branches, and what feeds them."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections import Counter
from typing import Any

#: Functions through which Go calls C and C calls Go, by the last part of their name.
_CGO = (
    "runtime.cgocall", "runtime.asmcgocall", "runtime.asmcgocall_no_g",
    "runtime.asmcgocall_landingpad", "gosave_systemstack_switch", "runtime.systemstack",
    "runtime.mcall", "runtime.gogo", "runtime.cgocallback", "runtime.cgocallbackg",
    "runtime.cgocallbackg1", "runtime.load_g", "runtime.save_g", "crosscall2", "crosscall1",
    "crosscall_amd64", "crosscall_arm64",
)  # fmt: skip


def run(args: Namespace) -> int:
    """Print them; 3 when the file can't be read."""
    import gc
    from contextlib import ExitStack

    from archfit.cli.extras import need

    need("inspect")
    from archfit.cli.binary_code import code_of
    from archfit.instructions import branches

    gc.disable()
    notes: list[str] = []
    with ExitStack() as stack:
        code = code_of(args.file, stack, args.slice, notes)
        path = [f for f in code.functions if _is_cgo(f.name)]
        first, bad = branches.branches(code, path)
        report: dict[str, Any] = {
            "schema": "archfit.inspect-branches/1",
            "file": args.file,
            "isa": code.isa,
            "cgo_path": [f.name for f in path],
            "cgo_branches": [b._asdict() for b in first],
        }
        if code.isa == "arm64":
            report["counts"] = branches.counts_arm64(code)
        if args.all:
            inside = set(path)
            rest, worse = branches.branches(code, [f for f in code.functions if f not in inside])
            bad += worse
            report["branches"] = [b._asdict() for b in rest]
        report["undecoded_bytes"] = bad
        report["code_bytes_outside_of_functions"] = code.uncovered
        report["notes"] = notes
    if args.format == "json":
        json.dump(report, sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in _text(report))
    return 0


def _is_cgo(name: str) -> bool:
    bare = name.removesuffix(".abi0").removesuffix(".abiinternal")
    return bare in _CGO or bare.startswith(("x_cgo_", "_cgo_", "_cgoexp_"))


def _rows(rows: list[dict[str, Any]]) -> list[str]:
    wide = max((len(row["text"]) for row in rows), default=0)
    out: list[str] = []
    function = ""
    for row in rows:
        if row["function"] != function:
            function = row["function"]
            out.append(f"{function}")
        feeds = row["feeds"] if row["feeds"] != row["text"] else ""
        said = f"{row['source']}: {feeds}" if feeds else row["source"]
        out.append(f"  {row['address']:#x}  {row['kind']:6}  {row['text']:{wide}}  {said}")
    return out


def _text(report: dict[str, Any]) -> list[str]:
    out = [f"{report['isa']}: indirect branches"]
    if "counts" in report:
        out.append(
            "all of the code: " + ", ".join(f"{n} {kind}" for kind, n in report["counts"].items())
        )
    if report["cgo_path"]:
        out += ["", f"the cgo path ({len(report['cgo_path'])} functions):"]
        out += _rows(report["cgo_branches"])
    else:
        out += ["", "the cgo path: no function of it is in this file"]
    if "branches" in report:
        rows = report["branches"]
        kinds = Counter((row["kind"], row["source"]) for row in rows)
        out += ["", "elsewhere:"]
        out += [f"  {n:8} {kind} from {source}" for (kind, source), n in kinds.most_common()]
        out += ["", *_rows([row for row in rows if row["kind"] != "return"])]
    else:
        out += ["", "elsewhere: not listed; --all lists every function's"]
    out.append("")
    out.append(
        f"not decoded: {report['undecoded_bytes']} bytes; in no known function: "
        f"{report['code_bytes_outside_of_functions']} bytes of code"
    )
    return out + [f"note: {note}" for note in report["notes"]]
