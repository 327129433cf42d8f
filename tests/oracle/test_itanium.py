"""Names in C++ objects agree with c++filt."""

from __future__ import annotations

import re
import subprocess

from archfit.formats.itanium import source_name
from toolbox import need_tool

SOURCE = """
namespace geo { struct Point { int norm() const; static int zero(long); };
int area(const Point&, const char*); namespace deep { void f(double); } }
int scale(int); void say_hello(); unsigned long long_name_of_a_function(void*, char**);
int use() { geo::Point p; geo::deep::f(1); say_hello(); return p.norm() + geo::Point::zero(1)
+ geo::area(p, "") + scale(2) + (int)long_name_of_a_function(0, 0); }
"""


def test_names_agree_with_cxxfilt() -> None:
    compiler, filt = need_tool("g++"), need_tool("c++filt")
    made = subprocess.run(
        [compiler, "-xc++", "-S", "-o", "-", "-"],
        input=SOURCE,
        capture_output=True,
        text=True,
        check=True,
    )
    names = sorted(set(re.findall(r"_Z\w+", made.stdout)))
    shown = subprocess.run(
        [filt], input="\n".join(names), capture_output=True, text=True, check=True
    ).stdout.split("\n")
    wanted = [line.split("(")[0] for line in shown if line]
    assert len(names) >= 8
    assert [source_name(name) for name in names] == wanted
