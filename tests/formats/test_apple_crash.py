"""Apple's text reports. The corpus is synthetic: there is no Apple machine here."""

from __future__ import annotations

from pathlib import Path

import pytest

from archfit.formats.apple_crash import is_crash, read, read_any
from archfit.formats.apple_report import Report
from archfit.model.errors import Malformed
from log_disguises import DISGUISES

CORPUS = Path(__file__).parents[1] / "corpus" / "apple"
TRANSLATED = (CORPUS / "translated.crash").read_text()


def test_a_translated_process() -> None:
    report = read(TRANSLATED)
    assert (report.process, report.pid, report.parent) == ("app", 1234, "zsh")
    assert (report.cpu_type, report.isa, report.translated) == ("X86-64", "amd64", True)
    assert (report.exception, report.signal) == ("EXC_BAD_ACCESS", "SIGSEGV")
    assert report.subtype == "KERN_INVALID_ADDRESS at 0x0000000000000000"
    assert report.codes == "0x0000000000000001, 0x0000000000000000"
    assert report.termination is not None
    assert (report.termination.namespace, report.termination.code) == ("SIGNAL", 11)
    assert report.asi == (("", "abort() called"),)
    assert [(t.number, t.crashed) for t in report.threads] == [(0, False), (1, True)]
    assert report.threads[0].queue == "com.apple.main-thread"
    crashed = report.crashed
    assert crashed is not None
    assert [(f.image_name, f.symbol, f.symbol_offset, f.offset) for f in crashed.frames] == [
        ("app", "null_write", 0, None),
        ("app", "runtime.asmcgocall.abi0", 164, None),
        ("???", "", None, None),
        ("app", "", None, 4203008),
    ]
    assert (report.threads[0].frames[1].file, report.threads[0].frames[1].line) == (
        "sys_darwin.go",
        513,
    )
    assert dict(crashed.registers)["rip"] == 0x100402520
    assert [(i.name, i.path) for i in report.images][2] == (
        "com.example.plugin.My Plugin",
        "/Library/My Plugin",
    )
    assert report.complete


def test_dyld() -> None:
    report = read((CORPUS / "dyld.crash").read_text())
    assert (report.isa, report.translated) == ("arm64", False)
    assert report.termination is not None
    assert (report.termination.namespace, report.termination.code) == ("DYLD", 1)
    assert report.termination.indicator == "Library missing"
    assert report.termination.reasons[0].startswith("Library not loaded: ")
    assert len(report.termination.reasons) == 4


def test_code_signing() -> None:
    report = read((CORPUS / "codesigning.crash").read_text())
    assert (report.signal, report.subtype) == ("SIGKILL", "Code Signature Invalid")
    assert report.termination is not None
    assert (report.termination.namespace, report.termination.code) == ("CODESIGNING", 1)
    assert report.termination.indicator == "Taskgated Invalid Signature"


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("Namespace SIGNAL, Code 0x6", ("SIGNAL", 6, "")),
        ("DYLD, [0x1] Library missing", ("DYLD", 1, "Library missing")),
        ("SIGNAL 6 Abort trap: 6", ("SIGNAL", 6, "Abort trap: 6")),
        ("Namespace CODESIGNING, Code 2 Invalid Page", ("CODESIGNING", 2, "Invalid Page")),
        ("EXEC, [0xc] This UPX compressed binary", ("EXEC", 12, "This UPX compressed binary")),
    ],
)
def test_forms_of_the_reason(line: str, wanted: tuple[str, int, str]) -> None:
    found = read(f"Exception Type: EXC_CRASH (SIGABRT)\nTermination Reason: {line}\n").termination
    assert found is not None
    assert (found.namespace, found.code, found.indicator) == wanted


def test_json_with_text_below() -> None:
    report = read_any((CORPUS / "old-109.ips").read_text())
    assert (report.bug_type, report.exception, report.signal) == ("109", "EXC_BAD_ACCESS", "SIGBUS")
    assert report.subtype.startswith("KERN_PROTECTION_FAILURE")
    assert report.images[0].arch == "arm64"
    assert report.crashed is not None
    assert report.crashed.frames[0].offset == 115416


def test_both_forms_in_one_text() -> None:
    both = TRANSLATED + "\n-----------\nFull Report\n-----------\n\n"
    report = read_any(both + (CORPUS / "crash-309.ips").read_text())
    assert report.bug_type == "309"
    assert report.complete


def same(report: Report) -> tuple[object, ...]:
    return (report.exception, report.termination, report.threads, report.images, report.translated)


@pytest.mark.parametrize("name", ["quote", "indented", "crlf", "fence", "github actions", "html"])
def test_disguised(name: str) -> None:
    text = "\n".join(DISGUISES[name](TRANSLATED.rstrip("\n").split("\n")))
    assert same(read(text)) == same(read(TRANSLATED))


@pytest.mark.parametrize("at", range(0, 48, 4))
def test_cut_anywhere(at: int) -> None:
    rows = TRANSLATED.split("\n")
    for text in ("\n".join(rows[at:]), "\n".join(rows[:at])):
        if is_crash(text):
            report = read(text)
            assert report.exception in ("", "EXC_BAD_ACCESS")
            assert report.complete == (at == 0)


def test_no_report() -> None:
    with pytest.raises(Malformed):
        read("Process finished with exit code 1\n")
