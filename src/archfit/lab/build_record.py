"""The record of a build, as an in-toto Statement with SLSA provenance.

Sources: in-toto attestation framework, spec/v1 statement, resource descriptor and digest set
(`dirHash`: Go's Hash1 of a folder, in hexadecimal); SLSA provenance v1 (predicate type
https://slsa.dev/provenance/v1). The statement is not signed: it is what a signer signs.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from archfit.formats.go_buildinfo import Module

STATEMENT = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:archfit:lab-rebuild:1"


def dir_hash(sums: Mapping[str, str]) -> str:
    """Hash1 of golang.org/x/mod/sumdb/dirhash over {path: sha256}, in hexadecimal.

    Paths are those below the folder, without a prefix. Links are left out, as in a module.
    """
    lines = "".join(
        f"{digest}  {path}\n"
        for path, digest in sorted(sums.items())
        if not digest.startswith("->")
    )
    return hashlib.sha256(lines.encode()).hexdigest()


def module_dependency(module: Module) -> dict[str, Any]:
    """A resource descriptor of a module as the build info names it."""
    actual = module.replace or module
    entry: dict[str, Any] = {
        "uri": f"pkg:golang/{actual.path}@{actual.version}" if actual.version else actual.path,
        "name": module.path,
    }
    if actual.sum.startswith("h1:"):
        try:
            raw = base64.b64decode(actual.sum[3:], validate=True)
        except (binascii.Error, ValueError):
            return entry
        entry["digest"] = {"dirHash": raw.hex()}
    return entry


def statement(
    subjects: Mapping[str, str],
    external: Mapping[str, Any],
    internal: Mapping[str, Any],
    dependencies: Sequence[Mapping[str, Any]],
    version: str,
    began: str,
    ended: str,
    byproducts: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The statement. ``subjects``: {file name: sha256}; times in RFC 3339, UTC."""
    identity = hashlib.sha256(repr(sorted(subjects.items())).encode() + began.encode())
    return {
        "_type": STATEMENT,
        "subject": [
            {"name": name, "digest": {"sha256": digest}} for name, digest in subjects.items()
        ],
        "predicateType": PROVENANCE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": dict(external),
                "internalParameters": dict(internal),
                "resolvedDependencies": [dict(row) for row in dependencies],
            },
            "runDetails": {
                "builder": {
                    "id": f"pkg:pypi/archfit@{version}",
                    "version": {"archfit": version},
                },
                "metadata": {
                    "invocationId": identity.hexdigest()[:32],
                    "startedOn": began,
                    "finishedOn": ended,
                },
                "byproducts": [dict(row) for row in byproducts],
            },
        },
    }
