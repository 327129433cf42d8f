"""Who raised the signal: held against cases whose programs are known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archfit.crash.signal_origin import signal_origin
from archfit.formats.go_dump import Dump
from archfit.formats.go_traceback import read

CORPUS = Path(__file__).parents[1] / "corpus" / "tracebacks"
TRUTH = [
    (path.with_name(f"{case}.txt"), row["raised"])
    for path in sorted(CORPUS.glob("go*/index.json"))
    for case, row in json.loads(path.read_text()).items()
]


@pytest.mark.parametrize(("path", "raised"), TRUTH, ids=lambda x: getattr(x, "stem", x))
def test_agrees_with_what_the_programs_did(path: Path, raised: str) -> None:
    for dump in read(path.read_text())[:1]:
        found = signal_origin(dump)
        by = found.by if found else ""
        if path.name.startswith("coroutine"):
            # Go 1.19 gives up by a trap instruction of its own, later releases without a signal.
            assert by in ("", "runtime")
        else:
            assert by == raised
        for other in dump.others:
            origin = signal_origin(other)
            assert origin is not None
            assert origin.by == "runtime"


@pytest.mark.parametrize(
    ("dump", "by", "code"),
    [
        (Dump("signal", signal="SIGSEGV", sigcode=1, addr=8), "kernel", "SEGV_MAPERR"),
        (Dump("signal", signal="SIGSEGV", sigcode=2, addr=8), "kernel", "SEGV_ACCERR"),
        (Dump("signal", signal="SIGBUS", sigcode=2, addr=8), "kernel", "BUS_ADRERR"),
        (Dump("signal", signal="SIGSEGV", sigcode=128, addr=0), "kernel", "SI_KERNEL"),
        (Dump("signal", signal="SIGSEGV", sigcode=0, addr=8), "sent", "SI_USER"),
        (Dump("signal", signal="SIGABRT", sigcode=-6), "sent", "SI_TKILL"),
        (Dump("signal", signal="SIGSYS", sigcode=1), "kernel", "SYS_SECCOMP"),
        (Dump("signal", signal="SIGTERM", sigcode=-60), "sent", ""),
        (Dump("signal", signal="SIGABRT"), "unknown", ""),
        (Dump("signal", signal_number=34, sigcode=-1), "sent", "SI_QUEUE"),
        (Dump("panic", signal_number=0xC0000005, sigcode=0, addr=0), "kernel", "0xc0000005"),
        (Dump("exception", exception=(0xC0000005, 0, 0, 0)), "kernel", "0xc0000005"),
    ],
)
def test_codes(dump: Dump, by: str, code: str) -> None:
    found = signal_origin(dump)
    assert found is not None
    assert (found.by, found.code) == (by, code)
    assert found.reason


def test_no_signal() -> None:
    assert signal_origin(Dump("panic", "boom")) is None


def test_an_address_only_where_it_is_one() -> None:
    fault = signal_origin(Dump("signal", signal="SIGSEGV", sigcode=1, addr=0x10))
    general = signal_origin(Dump("signal", signal="SIGSEGV", sigcode=128, addr=0))
    apple = signal_origin(Dump("signal", signal="SIGSEGV", sigcode=1, addr=0xB01DFACEDEBAC1E))
    assert fault is not None
    assert general is not None
    assert apple is not None
    assert [x.address_real for x in (fault, general, apple)] == [True, False, False]


def test_the_sender_stands_where_the_address_would() -> None:
    (dump,) = read((CORPUS / "go1.27.3-linux-amd64" / "selfkill.single.txt").read_text())
    found = signal_origin(dump)
    assert found is not None
    assert found.pid == dump.addr
    assert str(found.pid) in found.reason
