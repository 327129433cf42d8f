"""What a compiler was started for, from records and from what -x prints."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from archfit.lab.flag_calls import Call, markers, recorded, recorder, role, shown

#: Of `go build -x` of Go 1.26.8, shortened.
_SHOWN = """\
WORK=/tmp/go-build1
mkdir -p $WORK/b001/
cat >$WORK/b001/importcfg << 'EOF' # internal
# import config
/w/cc -c nothing.c
EOF
cd /src
TERM='dumb' CGO_CFLAGS='-DX' /go/cgo -objdir $WORK/b001/ -- -I $WORK/b001/ main.go
cd $WORK/b001
TERM='dumb' /w/cc -I /src -fPIC -DENV_CFLAGS -o $WORK/b001/_x001.o -c _cgo_export.c
cd /src
/w/cxx -I . '-DENV_CXXFLAGS' -o $WORK/b001/_x005.o -c user.cc
(cd /src; /w/cc -x c - -o /dev/null || true)
"""


@pytest.mark.parametrize(
    ("cwd", "words", "expected"),
    [
        ("/s", "-### -x c -c -", ""),
        ("/s", "-E -dM -DX -I . /tmp/cgo-gcc-input-1.c", "cgo's types"),
        ("/w", "-DX -c -x c - -o /dev/null", "probe"),
        ("/s", "-o /tmp/go-link-1/a.out /tmp/go-link-1/trivial.c", "probe"),
        ("/w/b1", "-DX -o /w/b1/_x2.o -c cgo.cgo2.c", "*.cgo2.c"),
        ("/w/b1", "-o /w/b1/_x1.o -c _cgo_export.c", "_cgo_export.c"),
        ("/go/src/runtime/cgo", "-o /w/b3/_x3.o -c gcc_amd64.S", "runtime/cgo .S"),
        ("/go/src/runtime/cgo", "-o /w/b3/_x4.o -c gcc_util.c", "runtime/cgo C"),
        ("/s", "-o /w/b1/_x6.o -c user.f", "user .f"),
        ("/s", "-o /w/b1/_x5.o -c user.cc", "user .cc"),
        ("/s", "-o /w/b1/_cgo_.o /w/b1/_cgo_main.o -lm", "trial link"),
        ("/s", "-o /w/b1/exe/a.out /tmp/go-link-1/go.o", "final link"),
    ],
)
def test_roles(cwd: str, words: str, expected: str) -> None:
    assert role(Call("cc", cwd, tuple(words.split()))) == expected


def test_what_x_shows_is_read() -> None:
    found = list(shown(_SHOWN, {"/w/cc": "cc", "/w/cxx": "cxx"}))
    assert [(call.tool, call.cwd, role(call)) for call in found] == [
        ("cc", "/tmp/go-build1/b001", "_cgo_export.c"),
        ("cxx", "/src", "user .cc"),
    ]
    assert markers(found[0], ("ENV_CFLAGS", "ENV_CXXFLAGS")) == ["ENV_CFLAGS"]


def test_a_recorder_writes_down_every_word(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.mkdir()
    script = tmp_path / "cc"
    script.write_text(recorder("cc", ("echo", "a b"), str(log)))
    os.chmod(script, 0o755)
    out = subprocess.run(
        [script, "-DX=it's", "", "two\nlines"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert out.stdout == "a b -DX=it's  two\nlines\n"
    (file,) = log.iterdir()
    call = recorded(file.name, file.read_bytes())
    assert call == Call("cc", str(tmp_path), ("-DX=it's", "", "two\nlines"))
    assert recorded(file.name, file.read_bytes()[:-1]) is None
    assert recorded("x.1", b"a\0") is None
