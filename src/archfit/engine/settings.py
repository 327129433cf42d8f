"""Settings of a run: the command line's, over those of `archfit.toml` or `[tool.archfit]`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from archfit.host.door import Door
from archfit.model.errors import Misuse, Unavailable

FAIL_ON = ("error", "warning", "note", "never")
_NAMES = {"select", "ignore", "fail-on", "host", "root"}


@dataclass(frozen=True, slots=True)
class Settings:
    """``host``: a facts file judged against in the place of this machine.

    ``root``: a folder that holds another machine's file system (a sysroot).
    ``context``: what is known beside a text: (name, value), as ("goos", "darwin").
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: str = "error"
    host: str = ""
    root: str = ""
    context: tuple[tuple[str, str], ...] = ()


def load(door: Door, folder: str) -> Settings:
    """The nearest `archfit.toml`, or `pyproject.toml` with `[tool.archfit]`, from here upward.

    Raises Misuse when the file is no TOML or holds a name that is no setting.
    """
    while folder:
        for name in ("archfit.toml", "pyproject.toml"):
            path = f"{folder.rstrip('/')}/{name}"
            table = _table(door, path, name) if door.exists(path) else None
            if table is not None:
                return _settings(table, path)
        parent = folder.rstrip("/").rpartition("/")[0]
        folder = (parent or "/") if folder != "/" else ""
    return Settings()


def _table(door: Door, path: str, name: str) -> dict[str, object] | None:
    import tomllib

    try:
        document = tomllib.loads(door.read(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misuse(f"{path}: {error}") from None
    except Unavailable:
        return None
    if name == "archfit.toml":
        return document
    tool = document.get("tool")
    table = tool.get("archfit") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else None


def _settings(table: dict[str, object], path: str) -> Settings:
    unknown = sorted(set(table) - _NAMES)
    if unknown:
        raise Misuse(
            f"{path}: no such setting: {unknown[0]}; there are {', '.join(sorted(_NAMES))}"
        )

    def names(key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise Misuse(f'{path}: {key} is a list of rule ids, as {key} = ["run.page-size"]')
        return tuple(value)

    def word(key: str, default: str) -> str:
        value = table.get(key, default)
        if not isinstance(value, str):
            raise Misuse(f"{path}: {key} is a string")
        return value

    settings = Settings(
        names("select"),
        names("ignore"),
        word("fail-on", "error"),
        word("host", ""),
        word("root", ""),
    )
    if settings.fail_on not in FAIL_ON:
        raise Misuse(f"{path}: fail-on is one of {', '.join(FAIL_ON)}")
    # A path in a settings file is meant from that file's own folder.
    base = path.rpartition("/")[0]
    return replace(
        settings,
        host=_beside(base, settings.host),
        root=_beside(base, settings.root),
    )


def _beside(base: str, path: str) -> str:
    return path if not path or path.startswith("/") else f"{base}/{path}"
