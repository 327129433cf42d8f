"""Clusters: alike stacks join, look-alikes of another cause don't, and the order is no matter."""

from __future__ import annotations

import random

from archfit.crash.clustering import clusters
from archfit.crash.signature import Signature

_OUTER = ("net/http.HandlerFunc.ServeHTTP", "net/http.serverHandler.ServeHTTP", "go net/http.Serve")


def _stack(*frames: str, kind: str = "panic: index out of range", said: str = "") -> Signature:
    return Signature(kind, said, (*frames, *_OUTER))


def _joined(*signatures: Signature) -> bool:
    return len(set(clusters(signatures, [1] * len(signatures)))) == 1


def test_another_way_in_is_the_same_bug() -> None:
    assert _joined(
        _stack("a.parse", "a.decode", "a.load", "b.Handle"),
        _stack("a.parse", "a.decode", "a.load", "b.Other", "c.Middleware"),
    )


def test_a_wrapper_of_one_version_is_the_same_bug() -> None:
    assert _joined(
        _stack("a.parse", "a.decode", "a.load", "b.Handle"),
        _stack("a.parse", "a.withRetry", "a.decode", "a.load", "b.Handle"),
    )


def test_one_function_with_two_callers_is_two_bugs() -> None:
    assert not _joined(
        _stack("a.index", "b.price", "b.total", "b.Checkout"),
        _stack("a.index", "c.rank", "c.sort", "c.Search"),
    )


def test_a_generic_container_is_no_cause() -> None:
    assert not _joined(
        _stack("list.(*List[]).at", "list.(*List[]).Get", "b.price", "b.total", "b.Checkout"),
        _stack("list.(*List[]).at", "list.(*List[]).Get", "c.rank", "c.sort", "c.Search"),
    )


def test_one_c_function_with_two_users_is_two_bugs() -> None:
    assert not _joined(
        _stack("n._Cfunc_step", "n.Step", "b.price", "b.total", "b.Run", kind="memory fault"),
        _stack("n._Cfunc_step", "n.Step", "c.rank", "c.sort", "c.Go", kind="memory fault"),
    )


def test_two_kinds_or_two_messages_are_two_bugs() -> None:
    one = _stack("a.f", "a.g", "a.h")
    assert not _joined(one, _stack("a.f", "a.g", "a.h", kind="fatal: concurrent map writes"))
    assert not _joined(
        _stack("a.f", "a.g", kind="panic", said="disk full"),
        _stack("a.f", "a.g", kind="panic", said="no such user"),
    )


def _many() -> list[Signature]:
    made = []
    for bug in range(60):
        core = [f"p{bug}.f{n}" for n in range(4)]
        made += [_stack(*core, *[f"in{way}.g{n}" for n in range(way % 4)]) for way in range(8)]
    return list(dict.fromkeys(made))


def test_the_order_of_the_input_is_no_matter() -> None:
    signatures = _many()
    counts = {s: 1 + i % 7 for i, s in enumerate(signatures)}
    first = clusters(signatures, [counts[s] for s in signatures])
    led = {s.digest: signatures[lead].digest for s, lead in zip(signatures, first, strict=True)}
    shuffled = signatures[:]
    random.Random(3).shuffle(shuffled)
    again = clusters(shuffled, [counts[s] for s in shuffled])
    assert led == {s.digest: shuffled[x].digest for s, x in zip(shuffled, again, strict=True)}
    assert len(set(first)) == 60


def test_leaders_that_were_there_stay() -> None:
    signatures = _many()
    found = clusters(signatures, [1] * len(signatures), founded=10)
    assert found[:10] == list(range(10))


def test_nothing_and_frameless_stacks() -> None:
    assert clusters([], []) == []
    bare = [
        Signature("panic", "x", ()),
        Signature("panic", "x y", ()),
        Signature("SIGABRT", "", ()),
    ]
    assert len(set(clusters(bare, [1, 1, 1]))) == 3
