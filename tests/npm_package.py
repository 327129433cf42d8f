"""A file out of an npm package of a fixed version, kept in the user's cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from toolbox import need_tool


def cache() -> Path:
    """archfit's folder in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "archfit"


def npm_file(name: str, version: str, member: str) -> Path:
    """The path of ``member`` of the package; the test is skipped by name without npm."""
    target = cache() / "npm" / f"{name.replace('/', '+')}-{version}" / Path(member).name
    if target.exists():
        return target
    npm = need_tool("npm")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [npm, "pack", "--silent", f"{name}@{version}"], cwd=folder, check=True, timeout=120
        )
        archive = next(Path(folder).glob("*.tgz"))
        with tarfile.open(archive) as tar:
            source = tar.extractfile(member)
            assert source is not None, f"{name}@{version} has no {member}"
            partial = target.with_suffix(".part")
            with source, partial.open("wb") as out:
                shutil.copyfileobj(source, out)
            partial.replace(target)
    return target
