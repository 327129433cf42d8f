"""Fetch the published packages of `fixtures.toml` and unpack them, once.

Every package goes to its own folder below the cache
(``$ARCHFIT_CACHE`` or ``~/.cache/archfit``, there ``fixtures/``), named by
package, version and platform; a folder that is there is complete, since it is
renamed into place last. Run again, it fetches what is missing and no more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path


def cache() -> Path:
    """The folder that holds what is fetched, of all tools and tests of the project."""
    named = os.environ.get("ARCHFIT_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "archfit"


def unpack(package: Path, into: Path) -> None:
    """A wheel or an npm tarball; members that would leave ``into`` are refused."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            wheel.extractall(into)
    else:
        with tarfile.open(package) as tar:
            tar.extractall(into, filter="data")


def fetch(command: list[str], folder: Path) -> bool:
    """Run ``command`` in a fresh folder and unpack the one package that it leaves there."""
    if folder.is_dir():
        return True
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        work = Path(name)
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
        packages = [*work.glob("*.whl"), *work.glob("*.tgz")]
        if done.returncode or len(packages) != 1:
            last = (done.stderr.strip().splitlines() or ["no package"])[-1]
            print(f"not fetched: {folder.name}: {last}", file=sys.stderr)
            return False
        unpack(packages[0], work / "unpacked")
        shutil.move(work / "unpacked", folder)
    return True


def main() -> int:
    """0 when every package is there, else 1; what is missing is named on standard error."""
    wanted = tomllib.loads(Path(__file__).with_name("fixtures.toml").read_text())
    fixtures = cache() / "fixtures"
    missing = 0
    for name, version, platforms, python in wanted["pypi"]:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--python-version", python or "3.11"]
        for platform in platforms:
            command += ["--platform", platform]
        command.append(f"{name}=={version}")
        missing += not fetch(command, fixtures / f"pypi-{name}-{version}-{platforms[0]}")
    for name, version in wanted["npm"]:
        folder = fixtures / f"npm-{name.removeprefix('@').replace('/', '-')}-{version}"
        missing += not fetch(["npm", "pack", "--silent", f"{name}@{version}"], folder)
    return 1 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
