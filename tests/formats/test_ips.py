"""Apple's JSON reports. The corpus is synthetic: there is no Apple machine here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archfit.formats.apple_report import Image, Termination
from archfit.formats.ips import body_of, is_ips, read
from archfit.model.errors import Malformed

CORPUS = Path(__file__).parents[1] / "corpus" / "apple"
CRASH = (CORPUS / "crash-309.ips").read_text()


def test_a_crash_under_rosetta() -> None:
    report = read(CRASH)
    assert (report.bug_type, report.kind, report.complete) == ("309", "crash", True)
    assert (report.process, report.pid, report.parent) == ("app", 1234, "zsh")
    assert (report.cpu_type, report.isa, report.translated) == ("X86-64", "amd64", True)
    assert (report.exception, report.signal) == ("EXC_BAD_ACCESS", "SIGSEGV")
    assert report.subtype == "KERN_INVALID_ADDRESS at 0x0000000000000000"
    assert report.os_version == "macOS 15.0 24A335"
    assert report.asi == (("libsystem_c.dylib", "abort() called"),)
    wanted = Termination("SIGNAL", 11, "Segmentation fault: 11", "exc handler [1234]")
    assert report.termination == wanted
    assert report.images[0] == Image(
        "app",
        "/Users/USER/*/app",
        "x86_64",
        "8d8a7e0c-4e2f-3c8b-9e58-0a5b6c1d2e3f",
        0x100000000,
        6000000,
    )
    thread = report.crashed
    assert thread is not None
    assert thread.queue == "com.apple.main-thread"
    assert thread.frames[0].symbol == "null_write"
    assert thread.frames[0].address == 0x100000000 + 4203488
    assert thread.frames[2].image_name == "libsystem_kernel.dylib"
    assert dict(thread.registers)["rip"] == 4299170784


def test_a_missing_library() -> None:
    report = read((CORPUS / "dyld-309.ips").read_text())
    assert report.termination is not None
    assert (report.termination.namespace, report.termination.code) == ("DYLD", 1)
    assert "have 'x86_64', need 'arm64'" in report.termination.reasons[2]
    assert report.translated is False


@pytest.mark.parametrize(
    ("name", "kind", "bug_type"),
    [("jetsam-298", "jetsam", "298"), ("panic-210", "kernel panic", "210")],
)
def test_other_bug_types(name: str, kind: str, bug_type: str) -> None:
    report = read((CORPUS / f"{name}.ips").read_text())
    assert (report.kind, report.bug_type) == (kind, bug_type)


@pytest.mark.parametrize("bug_type", ["288", "145", "115", "308", "777", 309, None])
def test_any_bug_type_and_no_key_at_all(bug_type: object) -> None:
    report = read(json.dumps({"bug_type": bug_type}) + "\n{}")
    assert report.bug_type == ("" if bug_type is None else str(bug_type))
    assert report.threads == ()


@pytest.mark.parametrize("part", range(15, 100, 5))
def test_a_cut_report_gives_what_is_whole(part: int) -> None:
    text = CRASH[: len(CRASH) * part // 100]
    report = read(text)
    whole = read(CRASH)
    for name in ("bug_type", "process", "exception", "signal", "cpu_type", "translated"):
        assert getattr(report, name) in (getattr(whole, name), "", None)
    if part >= 70:
        assert report.exception == "EXC_BAD_ACCESS"
        assert report.translated is True


def test_other_text_around_it() -> None:
    report = read("Here is the crash:\n```\n" + CRASH + "\n```\nany idea?")
    assert report.exception == "EXC_BAD_ACCESS"
    assert report.complete


def test_only_the_body() -> None:
    assert read(CRASH[CRASH.index("\n") + 1 :]).exception == "EXC_BAD_ACCESS"
    assert body_of(CRASH).startswith('{\n  "uptime"')


@pytest.mark.parametrize(
    "change",
    [
        {"threads": "none"},
        {"threads": [1, None, {"frames": [3, {"imageIndex": -1, "imageOffset": "x"}]}]},
        {"usedImages": {"a": 1}},
        {"usedImages": [None, 3, {"base": "x"}]},
        {"exception": [], "termination": "gone"},
        {"asi": {"x": 3, "y": ["a", 4]}},
        {"faultingThread": "first", "translated": 1, "osVersion": "15"},
        {"termination": {"reasons": "one", "code": True}},
    ],
)
def test_values_of_other_types_count_as_absent(change: dict[str, object]) -> None:
    head, _, body = CRASH.partition("\n")
    report = read(head + "\n" + json.dumps(json.loads(body) | change))
    assert report.process == "app"


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "no report", "[1, 2]"])
def test_no_report(text: str) -> None:
    assert not is_ips(text)
    with pytest.raises(Malformed):
        read(text)


def test_depth_and_length_are_no_danger() -> None:
    deep = '{"bug_type":"309"}\n{"procName":"x","threads":' + "[" * 200_000
    assert read(deep).process == "x"
    long = '{"bug_type":"288"}\n{"procName":"x","pad":"' + "y" * (5 << 20) + '"}'
    assert read(long).process == "x"
    assert not read(long).complete
