"""The build record: Go's hash of a folder, and modules as resource descriptors."""

from __future__ import annotations

import base64
import hashlib

from archfit.formats.go_buildinfo import Module
from archfit.lab.build_record import dir_hash, module_dependency


def test_the_hash_of_a_folder_is_gos_hash1() -> None:
    # golang.org/x/mod/sumdb/dirhash, DefaultHash over {"b": "two", "a": "one"}: sha256 of the
    # lines "<sha256>  <name>\n" in the order of the names.
    sums = {name: hashlib.sha256(text).hexdigest() for name, text in (("b", b"two"), ("a", b"one"))}
    lines = f"{sums['a']}  a\n{sums['b']}  b\n"
    assert dir_hash({**sums, "link": "-> a"}) == hashlib.sha256(lines.encode()).hexdigest()


def test_a_module_carries_its_sum_in_hexadecimal() -> None:
    raw = hashlib.sha256(b"x").digest()
    module = Module("example.com/a", "v1.0.0", "h1:" + base64.b64encode(raw).decode())
    assert module_dependency(module)["digest"] == {"dirHash": raw.hex()}
    assert module_dependency(module)["uri"] == "pkg:golang/example.com/a@v1.0.0"


def test_a_replaced_module_is_what_stands_in_its_place() -> None:
    module = Module("example.com/a", "v1.0.0", "", Module("./fork", ""))
    assert module_dependency(module) == {"uri": "./fork", "name": "example.com/a"}


def test_a_sum_that_is_none_is_left_out() -> None:
    assert "digest" not in module_dependency(Module("a.b/c", "v1.0.0", "h1:???"))
