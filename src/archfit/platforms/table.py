"""The tables of this folder: facts about machines.

Each table is a TOML file whose rows carry their source and date. Programs read
`tables.json`, which `tools/build_tables.py` makes from them: parsing the TOML would
cost more than all the cheap questions to the host together.
"""

from __future__ import annotations

import json
import pkgutil
from functools import cache
from typing import Any


@cache
def _tables() -> dict[str, dict[str, list[dict[str, Any]]]]:
    data = pkgutil.get_data("archfit", "platforms/tables.json")
    assert data is not None, "the package lacks platforms/tables.json"
    tables: dict[str, dict[str, list[dict[str, Any]]]] = json.loads(data)
    return tables


def table(name: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of ``name``.toml by their kind. Don't change what you get: it is shared."""
    return _tables()[name]
