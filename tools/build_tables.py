"""Makes src/archfit/platforms/tables.json from the TOML tables beside it.

People read and edit the TOML, each row with its source and date; programs read the
JSON, which has the same rows without these two and loads in a tenth of the time.
`--check` changes nothing and exits 1 when the JSON is stale.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "src/archfit/platforms"
OUT = FOLDER / "tables.json"
_LEFT_OUT = {"source", "date"}


def _lean(table: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [{k: v for k, v in row.items() if k not in _LEFT_OUT} for row in rows]
        for name, rows in table.items()
        if isinstance(rows, list)
    }


def built() -> str:
    """The JSON text that belongs to the TOML files as they are now."""
    tables = {
        path.stem: _lean(tomllib.loads(path.read_text())) for path in sorted(FOLDER.glob("*.toml"))
    }
    lines = [
        f"{json.dumps(name)}: {json.dumps(table, separators=(',', ':'))}"
        for name, table in tables.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> int:
    """Writes the file, or only compares with --check."""
    text = built()
    if "--check" in sys.argv:
        stale = not OUT.exists() or OUT.read_text() != text
        if stale:
            print(f"{OUT.name} is stale: python tools/build_tables.py", file=sys.stderr)
        return int(stale)
    OUT.write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
