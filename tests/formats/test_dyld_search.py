"""Where dyld looks for a library."""

from __future__ import annotations

from archfit.formats.dyld_search import Asker, in_shared_cache, places

PROGRAM = Asker("/app/bin", True, ["@loader_path/../lib", "/opt/lib", "@executable_path/x"])
LIBRARY = Asker("/app/lib", False, ["@loader_path/.", "@executable_path/../lib"])


def test_rpaths_of_a_program() -> None:
    found = places("@rpath/libf.dylib", PROGRAM)
    assert found.paths == ("/app/lib/libf.dylib", "/opt/lib/libf.dylib", "/app/bin/x/libf.dylib")
    assert found.of_host == {"/opt/lib/libf.dylib"}
    assert found.open == ""


def test_a_library_does_not_know_its_program() -> None:
    found = places("@rpath/libf.dylib", LIBRARY)
    assert found.paths == ("/app/lib/libf.dylib",)
    assert "depends on the program" in found.open
    assert "LC_RPATHs" in places("@rpath/libf.dylib", Asker("/a", False, [])).open
    assert "depends on the program" in places("@executable_path/x", LIBRARY).open
    assert places("@executable_path/x", PROGRAM).paths == ("/app/bin/x",)


def test_loader_path() -> None:
    assert places("@loader_path/.dylibs/a", LIBRARY).paths == ("/app/lib/.dylibs/a",)
    assert places("@loader_pathological/a", PROGRAM).paths == ()


def test_absolute_and_relative_names() -> None:
    found = places("/usr/local/lib/x.dylib", PROGRAM)
    assert found.paths == ("/usr/local/lib/x.dylib",)
    assert found.of_host == {"/usr/local/lib/x.dylib"}
    assert places("x.dylib", PROGRAM).open


def test_fallback_and_environment() -> None:
    found = places("@loader_path/x.dylib", Asker("/a", True, [], fallback=True))
    assert found.paths == ("/a/x.dylib", "/usr/local/lib/x.dylib")
    assert found.of_host == {"/usr/local/lib/x.dylib"}
    assert "old SDK" in found.open
    assert "ENVIRONMENT" in places("@loader_path/x", Asker("/a", True, [], environment=True)).open


def test_shared_cache() -> None:
    assert in_shared_cache("/usr/lib/libSystem.B.dylib")
    assert in_shared_cache("/System/Library/Frameworks/X.framework/X")
    assert not in_shared_cache("/usr/local/lib/libx.dylib")
    assert not in_shared_cache("@rpath/usr/lib/libx.dylib")
