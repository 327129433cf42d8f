"""Lay down the tree that `make bench` and the oracle tests run on, once.

Under ``~/.cache/archfit/bench`` (``ARCHFIT_BENCH`` names another folder):
``downloads/`` holds the packages named in ``corpus.toml``, each checked against
``corpus.sums`` (the lines of ``sha256sum``); ``tree/`` holds them unpacked, and
this system's own folders bound by hard links. What is there already stays; what
can't be had (no npm, no network, a version that left its registry) is named, and
the rest is laid down all the same.

The links share their bytes with the system: read the tree, don't write in it.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SUMS = HERE / "corpus.sums"


def bench_home() -> Path:
    """The folder that holds ``downloads`` and ``tree``."""
    named = os.environ.get("ARCHFIT_BENCH")
    return Path(named) if named else Path.home() / ".cache" / "archfit" / "bench"


@dataclass(frozen=True, slots=True)
class Package:
    """One file to fetch; ``folder`` is its place below ``tree``."""

    registry: str
    spec: str
    platform: str = ""

    @property
    def folder(self) -> str:
        plain = self.spec.replace("==", "-").replace("=", "_").lstrip("@")
        plain = plain.replace("/", "-").replace("@", "-")
        return f"{self.registry}/{plain}{'-' + self.platform if self.platform else ''}"

    def command(self) -> list[str]:
        """What fetches it into the working folder."""
        if self.registry == "npm":
            return ["npm", "pack", "--silent", self.spec]
        if self.registry == "apt":
            return ["apt-get", "download", "--quiet", self.spec]
        return [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--disable-pip-version-check", "--only-binary=:all:", "--python-version", "311"),
            *("--platform", self.platform, self.spec),
        ]


def packages(corpus: dict[str, object]) -> Iterator[Package]:
    """All rows of ``corpus.toml``."""
    for row in corpus["pypi"]:  # type: ignore[attr-defined]
        for platform in row["platforms"]:
            yield Package("pypi", f"{row['name']}=={row['version']}", platform)
    for registry in ("npm", "apt"):
        for spec in corpus[registry]["packages"]:  # type: ignore[index]
            yield Package(registry, spec)


class Sums:
    """``corpus.sums``: one line a file, as ``sha256sum`` writes them."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        if SUMS.exists():
            for line in SUMS.read_text().splitlines():
                digest, _, name = line.partition("  ")
                self.known[name] = digest

    def agree(self, path: Path, record: bool) -> bool:
        """True when the file has its recorded sum; ``record`` accepts one that has none."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if record:
            self.known.setdefault(path.name, digest)
        return self.known.get(path.name) == digest

    def save(self) -> None:
        lines = (f"{digest}  {name}\n" for name, digest in sorted(self.known.items()))
        SUMS.write_text("".join(lines))


def fetch(package: Package, home: Path) -> tuple[Path | None, str]:
    """(the fetched file, "") or (None, why not); (None, "") when it is unpacked already."""
    if (home / "tree" / package.folder).is_dir():
        return None, ""
    store = home / "downloads" / package.folder
    have = [p for p in store.glob("*") if p.is_file()] if store.is_dir() else []
    if have:
        return have[0], ""
    work = store.with_name(store.name + ".part")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        done = subprocess.run(
            package.command(), cwd=work, capture_output=True, text=True, timeout=900, check=False
        )
    except FileNotFoundError as error:
        return None, f"{error.filename} is not on PATH"
    except subprocess.TimeoutExpired:
        return None, "took more than 15 minutes"
    files = list(work.iterdir())
    if done.returncode or len(files) != 1:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        return None, said[-1] if said else f"{len(files)} files came"
    work.rename(store)
    return store / files[0].name, ""


def unpack_wheel(path: Path, into: Path) -> None:
    """With the permission bits, which decide what `go version` complains about."""
    with zipfile.ZipFile(path) as wheel:
        for member in wheel.infolist():
            out = Path(wheel.extract(member, into))
            mode = member.external_attr >> 16 & 0o777
            if mode and out.is_file():
                out.chmod(mode | 0o600)


def unpack_npm(path: Path, into: Path) -> None:
    with tarfile.open(path) as tar:
        tar.extractall(into, filter="data")


def unpack_deb(path: Path, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    subprocess.run(["dpkg-deb", "-x", str(path), str(into)], check=True)


UNPACK: dict[str, Callable[[Path, Path], None]] = {
    "pypi": unpack_wheel,
    "npm": unpack_npm,
    "apt": unpack_deb,
}


def lay_package(package: Package, path: Path, tree: Path) -> str:
    """Unpack under a passing name, so that a folder that is there is whole. "" or why not."""
    into = tree / package.folder
    if into.is_dir():
        return ""
    part = into.with_name(into.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        UNPACK[package.registry](path, part)
    except FileNotFoundError as error:
        return f"{error.filename} is not on PATH"
    except (OSError, zipfile.BadZipFile, tarfile.TarError, subprocess.CalledProcessError) as error:
        return str(error)
    part.rename(into)
    return ""


@dataclass(slots=True)
class Count:
    """What a tree holds. ``links`` are symbolic."""

    files: int = 0
    bytes: int = 0
    links: int = 0


def count(tree: Path) -> Count:
    """Regular files, their bytes, and symbolic links below ``tree``."""
    total = Count()
    folders = [str(tree)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_symlink():
                    total.links += 1
                elif entry.is_dir():
                    folders.append(entry.path)
                elif entry.is_file():
                    total.files += 1
                    total.bytes += entry.stat().st_size
    return total


def bind(source: str, into: str, need: Count) -> tuple[int, int]:
    """Mirror a folder: symbolic links as they are, files by hard link, else by copy.

    Copies cost room, so they stop as soon as what is bound here reaches ``need``. Returns
    how many files were (linked, copied).
    """
    linked = copied = size = 0
    for folder, folders, names in os.walk(source):
        target = into + folder[len(source) :]
        os.makedirs(target, exist_ok=True)
        for name in names + [f for f in folders if os.path.islink(os.path.join(folder, f))]:
            path, new = os.path.join(folder, name), os.path.join(target, name)
            try:
                info = os.lstat(path)
                if stat.S_ISLNK(info.st_mode):
                    os.symlink(os.readlink(path), new)
                elif stat.S_ISREG(info.st_mode):
                    try:
                        os.link(path, new)
                        linked += 1
                    except OSError as error:
                        # Another file system, or a kernel that protects others' files.
                        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK):
                            raise
                        if linked + copied >= need.files and size >= need.bytes:
                            continue
                        shutil.copy(path, new)
                        copied += 1
                    size += info.st_size
            except (FileExistsError, FileNotFoundError, PermissionError):
                continue  # it changed under us, or is not ours to read
    return linked, copied


def lay_system(corpus: dict[str, object], tree: Path) -> None:
    """This system's own folders, up to the goal of the corpus."""
    goal: dict[str, int] = corpus["goal"]  # type: ignore[assignment]
    for folder in corpus["system"]["folders"]:  # type: ignore[index]
        into = tree / "system" / folder.strip("/").replace("/", "-")
        if into.is_dir() or not os.path.isdir(folder):
            continue
        have = count(tree)
        part = into.with_name(into.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        need = Count(goal["files"] - have.files, goal["bytes"] - have.bytes)
        linked, copied = bind(os.path.realpath(folder), str(part), need)
        part.rename(into)
        print(f"{folder}: {linked} files linked, {copied} copied", flush=True)


def lay(record: bool = False) -> int:
    """Make the tree whole; returns how many packages are missing."""
    corpus = tomllib.loads((HERE / "corpus.toml").read_text())
    home = bench_home()
    tree = home / "tree"
    tree.mkdir(parents=True, exist_ok=True)
    sums = Sums()
    wanted = list(packages(corpus))
    missing = 0
    with ThreadPoolExecutor(4) as pool:
        fetched = pool.map(lambda package: fetch(package, home), wanted)
        for number, (package, (path, why)) in enumerate(zip(wanted, fetched, strict=True), 1):
            fault = why
            if path is not None and not sums.agree(path, record):
                fault = f"{path.name} is not what corpus.sums says; delete {path} to fetch it anew"
            elif path is not None:
                fault = lay_package(package, path, tree)
            if fault:
                missing += 1
                print(f"missing: {package.folder}: {fault}", file=sys.stderr, flush=True)
            elif sys.stdout.isatty():
                print(f"\r\x1b[K{number}/{len(wanted)} {package.folder}", end="", flush=True)
    if sys.stdout.isatty():
        print("\r\x1b[K", end="")
    if record:
        sums.save()
    lay_system(corpus, tree)
    goal: dict[str, int] = corpus["goal"]
    total = count(tree)
    print(
        f"{tree}: {total.files} files, {total.bytes / 1e9:.2f} GB, {total.links} symbolic links, "
        f"{len(wanted) - missing} of {len(wanted)} packages"
    )
    if total.files < goal["files"] or total.bytes < goal["bytes"]:
        print(
            f"warning: below the goal of {goal['files']} files and {goal['bytes'] / 1e9:.0f} GB",
            file=sys.stderr,
        )
    return missing


def main() -> int:
    """0 when the tree is whole, 1 when something is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--record", action="store_true", help="accept files that corpus.sums does not know yet"
    )
    return 1 if lay(parser.parse_args().record) else 0


if __name__ == "__main__":
    raise SystemExit(main())
