"""Keys of a Go program inside a binary."""

from __future__ import annotations

from typing import Any

from archfit.model.fact import Key

VERSION = Key(
    "go.version",
    str,
    "Go release that linked it, as go1.27.3; HEADER-less files give it with trust DECLARED",
)
PATH = Key("go.path", str, "import path of the main package")
MODULE = Key("go.module", str, "path of the main module")
MODULE_VERSION = Key("go.module_version", str, "version of the main module, as (devel) or v1.2.3")
MODULE_SUM = Key("go.module_sum", str, "h1: sum of the main module")
DEPS = Key("go.deps", list, "modules linked in: {path, version, sum, replace}")
SETTINGS = Key("go.settings", dict, "build settings as written: {'GOOS': 'linux', ...}")
CGO = Key(
    "go.cgo", str, "yes, no, static or unknown, from evidence in the file, not from CGO_ENABLED"
)
CGO_SETTING = Key(
    "go.cgo_setting",
    str,
    "CGO_ENABLED as the build info has it; it says what was allowed, not what was linked",
)

ALL: tuple[Key[Any], ...] = tuple(v for v in list(globals().values()) if isinstance(v, Key))
