"""C names and their mangled twins."""

from __future__ import annotations

import pytest

from archfit.formats.itanium import bare_name, is_cplusplus, is_mangled, source_name


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("_Z9say_hellov", "say_hello"),
        ("__Z9say_hellov", "say_hello"),
        ("_ZN3geo5Point4normEv", "geo::Point::norm"),
        ("_ZNK3geo5Point4normEv", "geo::Point::norm"),
        ("say_hello", ""),
        ("_Z99x", ""),
        ("_Z", ""),
        ("_ZN", ""),
        ("_ZN999999999999x", ""),
    ],
)
def test_source_name(symbol: str, name: str) -> None:
    assert source_name(symbol) == name


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("scale(int)", "scale"),
        ("geo::area(geo::Point const&)", "area"),
        ("geo::Grid<int>::at(int const&)", "Grid"),
        ("_Z5scalei", "scale"),
        ("_scale", "_scale"),
    ],
)
def test_bare_name(symbol: str, name: str) -> None:
    assert bare_name(symbol) == name


def test_what_is_cplusplus() -> None:
    assert is_mangled("_Z5scalei")
    assert is_cplusplus("geo::area(int) const")
    assert is_cplusplus("scale(int)")
    assert not is_cplusplus("scale")
    assert not is_cplusplus("_scale")
