"""`archfit crash symbolize` and `functions`: arguments, standard input, both formats."""

from __future__ import annotations

import json
import subprocess
import sys

from go_programs import build


def archfit(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "archfit", "crash", *words],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


def test_functions_and_the_address_of_one() -> None:
    path = str(build("pure-stripped"))
    done = archfit("functions", "--format", "jsonl", path)
    assert done.returncode == 0
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    main = next(row for row in rows if row["name"] == "main.main")
    assert main["file"].endswith("main.go")
    assert main["start_line"] == 5

    plain = archfit("symbolize", path, main["entry"])
    assert plain.stdout.splitlines()[0] == "main.main"
    assert plain.stdout.splitlines()[1].endswith("main.go:5")

    asked = archfit("symbolize", "--format", "jsonl", path, text=f"{main['entry']}\n1\n")
    first, second = (json.loads(line) for line in asked.stdout.splitlines())
    assert first["pc"] == main["entry"]
    assert first["frames"][-1]["function"] == "main.main"
    assert first["frames"][-1]["source"] == "pclntab"
    assert first["frames"][-1]["trust"] == "STORED"
    assert second == {"pc": "0x1", "frames": []}


def test_a_base_shifts_addresses() -> None:
    path = str(build("cgo-pie"))
    done = archfit("functions", "--format", "jsonl", path)
    main = next(
        row for row in map(json.loads, done.stdout.splitlines()) if row["name"] == "main.main"
    )
    moved = hex(int(main["entry"], 16) + 0x7F0000000000)
    asked = archfit("symbolize", "--base", "0x7f0000000000", path, moved)
    assert asked.stdout.startswith("main.main\n")


def test_what_is_wrong_is_said() -> None:
    path = str(build("pure"))
    assert archfit("symbolize", path, "zz").returncode == 2
    assert archfit("symbolize", __file__, "0x1").returncode == 2
    nothing = archfit("symbolize", path, "0x1")
    assert (nothing.returncode, nothing.stdout) == (3, "??\n??:0\n")
    assert archfit("functions", "/bin/ls").returncode == 3
