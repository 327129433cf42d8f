"""What one verb needs beyond the core install, asked for before the verb begins."""

from __future__ import annotations

from importlib.util import find_spec

from archfit.model.errors import Unavailable

#: Extra -> the modules that it brings (`[project.optional-dependencies]`).
_MODULES = {
    "crash": ("numpy",),
    "dask": ("dask", "distributed"),
    "inspect": ("numpy", "capstone"),
    "emulate": ("unicorn",),
    "lab": ("picire",),
}


def need(extra: str) -> None:
    """Raises Unavailable, with the command that brings it, when an extra is not installed."""
    missing = [name for name in _MODULES[extra] if find_spec(name) is None]
    if missing:
        raise Unavailable(
            f"this needs {' and '.join(missing)}, not installed here",
            f"pip install 'archfit[{extra}]'",
        )
