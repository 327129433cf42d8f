"""First lines of real scripts with bytes changed; and XCOFF, Wasm and first bytes of all kinds."""

from __future__ import annotations

from archfit.formats import wasm, xcoff
from archfit.formats.isa_of_head import isa_of_head
from archfit.formats.magic import recognise
from archfit.host.recorded import Recorded
from archfit.model.fact import Fact
from archfit.model.image import Image
from archfit.model.scene import Scene
from archfit.probes import script as probe
from mutations import survive
from real_files import fetched

NOWHERE = Recorded({"complete": True, "about": "a machine with nothing on it"})


def touch(raw: bytes) -> None:
    facts: dict[str, Fact] = {}
    scene = Scene(NOWHERE, {}, None)
    probe.PROBE.run(Image("x", "script", raw), facts, scene)
    for fact in facts.values():
        assert fact.source


def test_changed_scripts() -> None:
    paths = fetched("script")
    raws = [(path.name, path.read_bytes()[:400]) for path in paths]
    lines = [(name, raw, [(0, 80)]) for name, raw in raws]
    lines += [
        (line, line.encode() + b"body\n", [(0, len(line))])
        for line in (
            "#!/usr/bin/env -S A=1 python3 -u\n",
            "#!/usr/bin/env --split-string=node --x\r\n",
            "\ufeff#!/bin/sh -e\n",
            "#! /bin/" + "x" * 300,
        )
    ]
    survive(lines, touch, "script")


def test_changed_xcoff() -> None:
    files = []
    for path in fetched("xcoff"):
        if path.stat().st_size < 200_000:
            raw = path.read_bytes()
            paths = raw.find(b":/usr/lib")
            files.append((path.name, raw, [(0, 1024), (paths - 200, paths + 60)]))
    assert files
    survive(files, _whole_or_not, "xcoff")


def _whole_or_not(raw: bytes) -> None:
    xcoff.read(raw)


def test_changed_wasm() -> None:
    head = b"\0asm\1\0\0\0\1\4\1\x60\0\0\2\x1c\2"
    body = b"\4gojs\1a\0\0" + b"\3env\6memory\2\1\1\2" + bytes(8)
    survive([("made", head + body, [(8, 40)])], wasm.read, "wasm")


def test_changed_heads() -> None:
    def touch_head(raw: bytes) -> None:
        recognise(raw[:64])
        isa_of_head(raw[:64])

    kinds = ("elf", "macho", "fat", "pe", "coff", "ar", "script", "xcoff")
    heads = [(p.name, p.open("rb").read(128)) for p in fetched(*kinds)]
    survive([(name, head, [(0, 64)]) for name, head in heads if head], touch_head, "heads")
