"""Real builds, done twice; and builds that are planted to differ, each named for what it is."""

from __future__ import annotations

import json
import subprocess
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from archfit.lab import rebuild_report
from archfit.lab.build_difference import Cause
from archfit.lab.catalogue import machine
from archfit.lab.pinned_build import Choices
from archfit.lab.rebuild import Outcome, rebuild
from archfit.model.errors import Unavailable
from toolbox import need_tool

pytestmark = pytest.mark.slow

GO_MOD = "module example.com/planted\n\ngo 1.19\n"
#: No package of the standard library: its compilation is half of a build's time.
PURE = 'package main\n\nvar built = "unset"\n\nfunc main() { println("hello", built) }\n'
HOST = machine()


@pytest.fixture(autouse=True)
def _go() -> None:
    need_tool("go")


def make(folder: Path, **sources: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "go.mod").write_text(GO_MOD)
    for name, text in sources.items():
        (folder / name.replace("_", ".", 1)).write_text(text)
    return folder


def causes(outcome: Outcome) -> list[str]:
    return [
        cause.id
        for row in outcome.compared
        if row.difference is not None
        for cause in row.difference.causes
    ]


def first_cause(outcome: Outcome) -> Cause:
    difference = outcome.compared[0].difference
    assert difference is not None
    return difference.causes[0]


def schema(name: str) -> dict[str, object]:
    text = files("archfit.report").joinpath("schema", name).read_text()
    loaded: dict[str, object] = json.loads(text)
    return loaded


def test_a_pure_module_is_the_same_twice(tmp_path: Path) -> None:
    outcome = rebuild(
        str(make(tmp_path / "app", main_go=PURE)),
        Choices("darwin/arm64"),
        out=str(tmp_path / "dist"),
    )
    assert outcome.same
    assert outcome.fits
    assert not outcome.choices.cgo
    assert "Apple's SDK" in " ".join(outcome.notes)
    assert [piece.found for piece in outcome.pieces] == [("darwin/arm64",)]
    record = json.loads(rebuild_report.dumped(rebuild_report.record(outcome)))
    said = json.loads(rebuild_report.dumped(rebuild_report.document(outcome)))
    jsonschema.validate(record, schema("archfit.lab-rebuild-record-1.json"))
    jsonschema.validate(said, schema("archfit.lab-rebuild-1.json"))
    assert record["subject"][0]["digest"]["sha256"] == outcome.digests["planted"]
    assert "PATH" in record["predicate"]["buildDefinition"]["internalParameters"]["environment"]
    assert (tmp_path / "dist" / "planted").stat().st_mode & 0o100


def test_without_trimpath_the_folder_is_named(tmp_path: Path) -> None:
    outcome = rebuild(
        str(make(tmp_path / "app", main_go=PURE)), Choices(HOST, trimpath=False), cgo="off"
    )
    assert causes(outcome) == ["path"]
    evidence = " ".join(first_cause(outcome).evidence)
    assert "/first/source" in evidence
    assert "second-and-elsewhere" in evidence


def command(text: str) -> Choices:
    return Choices(HOST, command=text, results=("app",))


def test_a_variable_set_from_the_clock_is_named(tmp_path: Path) -> None:
    stamp = "go build -trimpath -ldflags \"-X 'main.built=$(date +%s)'\" -o app ."
    outcome = rebuild(str(make(tmp_path / "app", main_go=PURE)), command(stamp), cgo="off")
    assert causes(outcome) == ["linker-variable"]
    assert "main.built" in first_cause(outcome).says


def test_a_generator_without_order_is_named(tmp_path: Path) -> None:
    folder = make(tmp_path / "app", main_go=PURE.replace("built)", "built, names[0])"))
    (folder / "generate.sh").write_text(
        "n=$(basename $(dirname $PWD))\n"
        'printf "package main\\n\\nvar names = []string{\\"%s\\"}\\n" "${#n}" > names.go\n'
    )
    build = "sh generate.sh && go build -trimpath -o app ."
    outcome = rebuild(str(folder), command(build), cgo="off")
    assert causes(outcome) == ["generated"]
    assert "names.go:3" in first_cause(outcome).evidence[0]


C_DATE = (
    'package main\n\n// static const char *when(void) { return __DATE__ " " __TIME__; }\n'
    'import "C"\n\nfunc main() { println(C.GoString(C.when())) }\n'
)


def test_the_clock_of_the_c_compiler_is_named(tmp_path: Path) -> None:
    need_tool("gcc")
    folder = str(make(tmp_path / "app", main_go=C_DATE))
    outcome = rebuild(folder, Choices(HOST), cgo="on")
    assert causes(outcome) == ["c-date"]
    evidence = first_cause(outcome).evidence
    assert "main.go:3: __DATE__" in evidence
    pinned = rebuild(folder, Choices(HOST, epoch=1_700_000_000), cgo="on")
    assert pinned.same
    assert not pinned.days


def test_a_stamp_of_changes_is_named(tmp_path: Path) -> None:
    git = need_tool("git")
    folder = make(tmp_path / "app", main_go=PURE)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "one")):
        subprocess.run([git, *words], cwd=folder, check=True)
    clean = rebuild(str(folder), Choices(HOST), cgo="off", out=str(tmp_path / "clean"))
    assert clean.same
    assert len(clean.commit) == 40
    (folder / "notes.txt").write_text("not committed")
    shipped = str(tmp_path / "clean" / "planted")
    dirty = rebuild(str(folder), Choices(HOST), cgo="off", against=shipped)
    assert dirty.dirty
    assert causes(dirty) == ["vcs"]
    difference = dirty.compared[1].difference
    assert difference is not None
    changed = {s[0]: s[1:] for s in difference.settings}
    assert changed["vcs.modified"] == ("true", "false")


def test_an_archive_for_another_isa_is_seen(tmp_path: Path) -> None:
    cross = need_tool("aarch64-linux-gnu-gcc")
    ar = need_tool("aarch64-linux-gnu-ar")
    folder = make(tmp_path / "app", main_go=PURE)
    (folder / "three.c").write_text("int three(void) { return 3; }\n")
    for words in ((cross, "-c", "three.c", "-o", "three.o"), (ar, "rc", "libthree.a", "three.o")):
        subprocess.run(words, cwd=folder, check=True)
    (folder / "three.c").unlink()
    (folder / "three.o").rename(folder / "three_linux_amd64.syso")
    with pytest.raises(Unavailable, match="build failed"):
        rebuild(str(folder), Choices("linux/amd64"), cgo="on")


@pytest.mark.parametrize("text", ["func main() {", 'import "nowhere.example/x"\n\nfunc main() {}'])
def test_a_build_that_fails_says_so(tmp_path: Path, text: str) -> None:
    folder = make(tmp_path / "app", main_go=f"package main\n\n{text}\n")
    with pytest.raises(Unavailable):
        rebuild(str(folder), Choices(HOST), cgo="off", offline=True)


def test_a_library_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no main package"):
        rebuild(str(make(tmp_path / "lib", lib_go="package lib\n")), Choices(HOST), cgo="off")
