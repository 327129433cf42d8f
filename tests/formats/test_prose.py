"""Sentences about a message, told from the message."""

from __future__ import annotations

import pytest

from archfit.formats.prose import explains

FORMAT = "exec format error"


@pytest.mark.parametrize(
    "line",
    [
        f'The error "{FORMAT}" means that the file is for another machine.',
        f"On a Mac you may also see {FORMAT} here",
        f"- Fixed {FORMAT} on arm64",
        f"fix(image): {FORMAT} for 32-bit boards",
        f"The image no longer fails with {FORMAT}.",
        f"If your pod ends with {FORMAT}, look at its node.",
        f"ENOEXEC 8 {FORMAT}",
        f"#define ENOEXEC 8 /* {FORMAT} */",
        f'    want := "{FORMAT}"',
        f'    msgExec = "{FORMAT}"',
        f'return fmt.Errorf("{FORMAT}: %w", err)',
        f"* 3f2a1bc Handle {FORMAT} in the launcher",
        f"| {FORMAT} | the image is for another platform |",
        f"{FORMAT} is returned by execve when the header is unknown",
    ],
)
def test_what_is_said_about_it(line: str) -> None:
    assert explains(line, FORMAT)


@pytest.mark.parametrize(
    "line",
    [
        f"fork/exec ./app: {FORMAT}",
        f"When I start it I get {FORMAT}",
        f"If the image is started on my board I see {FORMAT}",
        f"./app: {FORMAT}. This usually means that it was built elsewhere.",
        f"./app: {FORMAT} (this happens when the image is for another platform)",
        f"exec ./fixed: {FORMAT}",
        f"ERROR {FORMAT}",
        f"ERROR 8 {FORMAT}",
        f'error = "{FORMAT}"',
        f'time=1 level=error msg="{FORMAT}"',
        f"| Error | {FORMAT} |",
        f"app-1  | exec ./app: {FORMAT}",
        f"3f2a1bc0d1ab Exited: {FORMAT}",
    ],
)
def test_what_is_the_message_or_a_report(line: str) -> None:
    assert not explains(line, FORMAT)


def test_a_long_line_is_read_around_the_message_alone() -> None:
    assert not explains("If you x" + " y" * 400 + f" {FORMAT}", FORMAT)
    assert not explains("nothing", FORMAT)
