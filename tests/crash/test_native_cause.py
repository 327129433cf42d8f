"""Causes from debuggers' sessions and Apple's reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from archfit.crash.native_cause import is_go, of_report, of_session
from archfit.formats import apple_crash, debugger_session

CORPUS = Path(__file__).parents[1] / "corpus"


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("gdb-nullwrite", "c-segv"),
        ("lldb-nullwrite", "c-segv"),
        ("delve-nullwrite", "c-segv"),
        ("gdb-abort", "c-abort"),
        ("lldb-abort", "c-abort"),
    ],
)
def test_sessions(name: str, cause: str) -> None:
    session = debugger_session.read((CORPUS / "debuggers" / f"{name}.txt").read_text())
    assert session is not None
    found = of_session(session)
    assert found is not None
    assert found.id == cause
    assert found.function in ("null_write", "do_abort")


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("crash-309.ips", "c-segv"),
        ("translated.crash", "c-segv"),
        ("codesigning.crash", None),
        ("dyld-309.ips", None),
        ("dyld.crash", None),
        ("jetsam-298.ips", None),
        ("panic-210.ips", None),
    ],
)
def test_reports(name: str, cause: str | None) -> None:
    found = of_report(apple_crash.read_any((CORPUS / "apple" / name).read_text()))
    assert (found.id if found else None) == cause


def test_names_of_go() -> None:
    go = ["main.main", "runtime.cgocall", "github.com/a/b.(*T).Do", "main._Cfunc_x", "net/http.f"]
    c = ["null_write", "__GI_abort", "std::terminate()", "-[NSApplication run]", "_ZN1a1bEv", ""]
    assert all(map(is_go, go))
    assert not any(map(is_go, c))
