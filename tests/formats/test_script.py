"""The #! line as kernels read it."""

from __future__ import annotations

import pytest

from archfit.formats import script
from archfit.model.errors import Malformed


def read(raw: bytes) -> script.Script:
    found = script.read(raw)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("line", "interpreter", "args", "program", "unsplit"),
    [
        (b"#!/bin/sh\n", "/bin/sh", "", "/bin/sh", False),
        (b"#!  \t/bin/sh  \t\n", "/bin/sh", "", "/bin/sh", False),
        (b"#!/bin/sh -e -u\n", "/bin/sh", "-e -u", "/bin/sh", False),
        (b"#!/bin/sh", "/bin/sh", "", "/bin/sh", False),
        (b"#!/usr/bin/env python3\n", "/usr/bin/env", "python3", "python3", False),
        (b"#!/usr/bin/env python3 -u\n", "/usr/bin/env", "python3 -u", "python3", True),
        (b"#!/usr/bin/env -S node --x a\n", "/usr/bin/env", "-S node --x a", "node", False),
        (b"#!/usr/bin/env -Snode --x\n", "/usr/bin/env", "-Snode --x", "node", False),
        (b"#!/usr/bin/env -iS A=1 awk -f\n", "/usr/bin/env", "-iS A=1 awk -f", "awk", False),
        (b"#!/usr/bin/env --split-string=ruby -w\n", "/usr/bin/env",
         "--split-string=ruby -w", "ruby", False),
        (b"#!/usr/bin/env -i perl\n", "/usr/bin/env", "-i perl", "perl", True),
        (b"#!/usr/bin/env -u HOME perl\n", "/usr/bin/env", "-u HOME perl", "perl", True),
        (b"#!/usr/bin/env\n", "/usr/bin/env", "", "/usr/bin/env", False),
        (b"#!/nix/store/x/bin/env bash\n", "/nix/store/x/bin/env", "bash", "bash", False),
        (b"#!/usr/bin/env \x1f\n", "/usr/bin/env", "\x1f", "\x1f", False),
        (b"#!./tool x\n", "./tool", "x", "./tool", False),
    ],
)  # fmt: skip
def test_lines(line: bytes, interpreter: str, args: str, program: str, unsplit: bool) -> None:
    found = read(line + b"body\r\n" * line.endswith(b"\n"))
    assert (found.interpreter, found.args) == (interpreter, args)
    assert (found.program, found.unsplit) == (program, unsplit)
    assert (found.crlf, found.bom, found.cut) == (False, False, False)


def test_crlf() -> None:
    found = read(b"#!/bin/bash\r\necho\r\n")
    assert (found.interpreter, found.crlf) == ("/bin/bash", True)
    found = read(b"#!/usr/bin/env python3\r\n")
    assert (found.program, found.crlf) == ("python3", True)
    assert not read(b"#!/bin/bash\necho\r\n").crlf


def test_byte_order_mark() -> None:
    found = read(b"\xef\xbb\xbf#!/bin/sh\n")
    assert (found.interpreter, found.bom) == ("/bin/sh", True)


def test_long_lines() -> None:
    # 256 bytes are looked at; the newline must be among them if the name is to be whole.
    name = b"/" + b"x" * 252
    assert not read(b"#!" + name + b"\n").cut
    assert read(b"#!" + name + b"xx\n").cut
    found = read(b"#!/bin/sh " + b"a" * 400 + b"\n")
    assert not found.cut
    assert (found.interpreter, len(found.args)) == ("/bin/sh", 245)


@pytest.mark.parametrize("line", [b"#!\n", b"#!   \n", b"#!", b"#!perl\n", b"#!python\n"])
def test_no_interpreter(line: bytes) -> None:
    assert script.read(line) is None


@pytest.mark.parametrize("raw", [b"", b"#", b"# !/bin/sh", b"\xef\xbb\xbf", b"\xef\xbb\xbf#"])
def test_no_script(raw: bytes) -> None:
    with pytest.raises(Malformed):
        script.read(raw)


def test_names_that_are_no_text() -> None:
    assert read(b"#!/bin/\xff\xfe\0junk\n").interpreter == "/bin/\\xff\\xfe"
