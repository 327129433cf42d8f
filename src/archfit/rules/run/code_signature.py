"""An arm64 program for macOS without a valid code signature

What is wrong
-------------
The kernel of a Mac with Apple Silicon starts native code only when it is signed, if only
ad hoc. The slice for arm64 carries no signature, or one that no longer fits its bytes.
The shell prints `Killed: 9`; the crash report says `Code Signature Invalid`.

Why it happens
--------------
The file was changed after it was signed (strip, install_name_tool, a patched string,
upx, a download that was edited), or it was linked by a linker that does not sign.

Remedy
------
Sign it again, at least ad hoc.

References
----------
- Apple, macOS 11 release notes: "arm64 binaries must be signed"
- xnu bsd/kern/ubc_subr.c and osfmk/kern/cs_blobs.h (CodeDirectory)

Limits
------
Only the first page's hash and the bounds of the signature are verified, not the chain
of certificates; Gatekeeper's quarantine is another matter.
"""

from __future__ import annotations

from collections.abc import Iterator

from archfit.facts import binary as b
from archfit.facts import host as h
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.rules.fit import fit, proof, slice_proof


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """The arm64 slice, on an arm64 Mac: none or broken."""
    if (h.OS.of(host), h.ISA.of(host)) != ("darwin", "arm64"):
        return
    if b.TYPE.of(facts) not in ("executable", "shared", "bundle"):
        return
    for one in b.SLICES.require(facts):
        state = one.get("signature")
        if one.get("isa") != "arm64" or state not in ("none", "broken"):
            continue
        words = (
            "carries no code signature"
            if state == "none"
            else "has a signature that no longer fits its bytes"
        )
        yield from fit(
            need={"signature": "valid, at least ad hoc"},
            offer={"signature": state},
            message=f"its arm64 slice {words}; the kernel will kill it",
            evidence=slice_proof(one, "signature") + proof(host, h.ISA),
            remedies=(
                Remedy(
                    "Sign it ad hoc",
                    "codesign --force --sign - {subject}",
                    verify="codesign --verify --verbose {subject}",
                ),
            ),
        )


RULE = Rule("run.code-signature", (Kind.BINARY,), (b.SLICES, b.OS), (h.OS, h.ISA), judge)
