"""Make a fleet's crashes with a known cause each: JSONL as `archfit crash cluster` reads it.

    tools/make_crashes.py 1000000 crashes.jsonl --truth truth.tsv
    tools/make_crashes.py 10000 small.jsonl --truth small.tsv --seed 2 --bugs 400

A bug is the truth: a kind of death, the calls nearest to the failure, and the programs and
versions that have it. Its crashes differ as real ones do: outer calls (entry points,
middleware), Go releases (names of closures, `in goroutine N`, header, generics), ISA, addresses,
arguments, numbers and names in messages, goroutines beside it, cut tails, rounds of recursion,
wrappers that come and go with versions. A tenth are real texts of `tests/corpus/tracebacks`,
where the case is the truth. Some bugs are made to be mistaken for each other (`_twins`): one
function with two callers, one generic container or one C function used in several places.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

CORPUS = Path(__file__).resolve().parent.parent / "tests" / "corpus" / "tracebacks"
RELEASES = ("1.19.8", "1.21.13", "1.26.8", "1.27.3")
#: Of the corpus: cases that end otherwise each time, or without a stack, are no truth.
_UNSURE = ("freed", "badpointer", "onstack", "maps", "coroutine", "exit", "osexit2", "threadnull")
_NO_CRASH = ("debugstack", "pure-profile", "wait", "killsegv")
#: The same death, once with and once without a C traceback function.
_SAME = {"symbols-nosymbols": "symbols-fatal"}

_VERBS = (
    "Get", "Put", "Load", "Store", "Merge", "Split", "Render", "Parse", "Decode", "Encode",
    "Fetch", "Commit", "Apply", "Resolve", "Schedule", "Flush", "Rotate", "Compact", "Verify",
    "Sign", "Open", "Close", "Attach", "Walk", "Visit", "Expand", "Reduce", "Push", "Pop",
    "Enqueue", "Drain", "Sync", "Watch", "List", "Patch", "Build", "Plan", "Route", "Match",
    "Score", "Index", "Query", "Scan",
)  # fmt: skip
_NOUNS = (
    "Order", "Cart", "User", "Session", "Token", "Node", "Tree", "Page", "Block", "Segment",
    "Shard", "Lease", "Job", "Task", "Queue", "Stream", "Frame", "Packet", "Bucket", "Cache",
    "Entry", "Record", "Row", "Table", "Column", "Cursor", "Plan", "Graph", "Edge", "Rule",
    "Policy", "Quota", "Price", "Invoice", "Payment", "Image", "Layer", "Chunk", "Blob", "Digest",
    "Header", "Option", "Config", "Secret",
)  # fmt: skip
_PACKAGES = (
    "store", "cart", "billing", "session", "auth", "index", "search", "render", "wire", "codec",
    "queue", "sched", "lease", "raft", "shard", "cache", "proxy", "route", "policy", "quota",
    "image", "layer", "blob", "audit", "report", "export", "sync", "watch",
)  # fmt: skip
_OUTER = (
    (
        ("net/http.HandlerFunc.ServeHTTP", "net/http/server.go"),
        ("net/http.(*ServeMux).ServeHTTP", "net/http/server.go"),
        ("net/http.serverHandler.ServeHTTP", "net/http/server.go"),
        ("net/http.(*conn).serve", "net/http/server.go"),
    ),
    (
        ("google.golang.org/grpc.(*Server).processUnaryRPC", "google.golang.org/grpc/server.go"),
        ("google.golang.org/grpc.(*Server).handleStream", "google.golang.org/grpc/server.go"),
        (
            "google.golang.org/grpc.(*Server).serveStreams.func2.1",
            "google.golang.org/grpc/server.go",
        ),
    ),
    (
        ("github.com/spf13/cobra.(*Command).execute", "github.com/spf13/cobra/command.go"),
        ("github.com/spf13/cobra.(*Command).ExecuteC", "github.com/spf13/cobra/command.go"),
        ("github.com/spf13/cobra.(*Command).Execute", "github.com/spf13/cobra/command.go"),
        ("main.main", "main.go"),
    ),
    (("golang.org/x/sync/errgroup.(*Group).Go.func1", "golang.org/x/sync/errgroup/errgroup.go"),),
)
_CREATED = ("net/http.(*Server).Serve", "google.golang.org/grpc.(*Server).serveStreams", "",
            "golang.org/x/sync/errgroup.(*Group).Go")  # fmt: skip
_MIDDLEWARE = ("logging", "tracing", "auth", "recover", "cors", "gzip", "metrics", "limit")
_PANICS: tuple[Callable[[random.Random], str], ...] = (
    lambda r: f"runtime error: index out of range [{r.randrange(99)}] with length {r.randrange(9)}",
    lambda r: f"runtime error: slice bounds out of range [:{r.randrange(9999)}] with capacity 64",
    lambda r: "runtime error: invalid memory address or nil pointer dereference",
    lambda r: "runtime error: integer divide by zero",
    lambda r: "assignment to entry in nil map",
    lambda r: "send on closed channel",
    lambda r: "close of closed channel",
)
_C_SIGNALS = (
    "SIGSEGV: segmentation violation",
    "SIGABRT: abort",
    "SIGFPE: floating-point exception",
)

Call = tuple[str, str]  #: function (`{c}` where a closure is numbered), file


@dataclass
class Bug:
    """``core``: calls nearest to the failure, always there. ``outer``: ways to get there."""

    name: str
    program: str
    kind: str  #: panic, fatal, or a signal's line
    message: Callable[[random.Random], str]
    core: list[Call]
    outer: list[tuple[list[Call], str]]
    since: int = 0
    rounds: bool = False  #: the core is a recursion
    texts: list[tuple[str, str]] = field(default_factory=list)  #: real ones, with their ISA


class Fleet:
    """Programs, their functions and bugs, made from one seed."""

    def __init__(self, seed: int, bugs: int, stacks: int) -> None:
        self.random = random.Random(seed)
        self.programs = [f"svc-{p}{n}" for p in _PACKAGES for n in range(2)][: max(4, bugs // 25)]
        self.ways = max(2, round(stacks / bugs * 0.62))
        self.bugs: list[Bug] = []
        while len(self.bugs) < bugs:
            self._twins()
            self.bugs += [self._bug(f"b{len(self.bugs) + n}") for n in range(8)]
        self.bugs += real_bugs()

    def function(self, program: str) -> Call:
        r = self.random
        package = f"{r.choice(_PACKAGES)}{r.choice(('', 'util', 'v2', 'core', 'db'))}"
        path = f"github.com/acme/{program}/internal/{package}"
        name, noun = r.choice(_VERBS) + r.choice(_NOUNS), r.choice(_NOUNS)
        style = r.random()
        if style < 0.45:
            made = f"{path}.(*{noun}{r.choice(_NOUNS)}).{name}"
        elif style < 0.85:
            made = f"{path}.{name}"
        else:
            made = f"{path}.{name}{r.choice(_NOUNS)}.{{c}}"
        return made, f"{path}/{noun.lower()}.go"

    def _outer(self, program: str) -> list[tuple[list[Call], str]]:
        r = self.random
        ways = []
        for _ in range(max(1, round(r.expovariate(1 / self.ways)))):
            which = r.randrange(len(_OUTER))
            own = [self.function(program) for _ in range(r.randint(1, 3))]
            layers: list[Call] = []
            for name in r.sample(_MIDDLEWARE, r.randint(0, 4)):
                path = f"github.com/acme/{program}/middleware"
                layers.append((f"{path}.{name}.{{c}}", f"{path}/{name}.go"))
                if which == 0:
                    layers.append(_OUTER[0][0])
            ways.append((own + layers + list(_OUTER[which]), _CREATED[which]))
        return ways

    def _bug(self, name: str, program: str = "", core: list[Call] | None = None) -> Bug:
        r = self.random
        program = program or r.choice(self.programs)
        if core is None:
            core = [self.function(program) for _ in range(r.randint(3, 6))]
            if r.random() < 0.2:  # the failure shows in the library
                core.insert(0, r.choice(_LIBRARY))
        kind, message = "panic", r.choice(_PANICS)
        choice = r.random()
        if choice < 0.25:
            message = self._custom()
        elif choice < 0.32:
            kind, message = "fatal", lambda r: "concurrent map writes"
        made = Bug(name, program, kind, message, core, self._outer(program), r.randrange(12))
        if choice > 0.96:
            made.kind, made.message = "fatal", lambda r: "stack overflow"
            made.rounds = True
        return made

    def _custom(self) -> Callable[[random.Random], str]:
        r = self.random
        words = " ".join([r.choice(_VERBS), r.choice(_NOUNS), "failed:", *r.sample(_NOUNS, 2)])
        style = r.randrange(3)

        def message(r: random.Random) -> str:
            if style == 0:
                return f"{words.lower()} {r.randrange(10**6)}"
            if style == 1:
                return f'{words.lower()} "{r.choice(_NOUNS)}-{r.randrange(99)}"'
            return f"open /var/lib/{r.choice(_PACKAGES)}/{r.randrange(999)}: {words.lower()}"

        return message

    def _twins(self) -> None:
        """Bugs that look alike: what is nearest to the failure is the same, the cause is not."""
        r = self.random
        program = r.choice(self.programs)
        shared = self.function(program)
        box = f"github.com/acme/{program}/internal/{r.choice(_PACKAGES)}/list"
        noun = r.choice(_NOUNS)
        generic = [(f"{box}.(*{noun}[...]).at", f"{box}/list.go"),
                   (f"{box}.(*{noun}[...]).Get", f"{box}/list.go")]  # fmt: skip
        c_name = f"{r.choice(_VERBS).lower()}_{r.choice(_NOUNS).lower()}"
        native = f"github.com/acme/{program}/native"
        entry = [(f"{native}._Cfunc_{c_name}", "_cgo_gotypes.go"),
                 (f"{native}.{c_name.title()}", "native/native.go")]  # fmt: skip
        signal = r.choice(_C_SIGNALS)
        same = r.choice(_PANICS)
        for head, kind in (([shared], ""), (generic, ""), (entry, signal)):
            for _ in range(2):
                own = [self.function(program) for _ in range(r.randint(3, 5))]
                bug = self._bug(f"b{len(self.bugs)}", program, [*head, *own])
                bug.kind, bug.message, bug.rounds = "panic", same, False
                if kind:
                    bug.kind = kind
                self.bugs.append(bug)


_LIBRARY: tuple[Call, ...] = (
    ("encoding/json.(*decodeState).object", "encoding/json/decode.go"),
    ("bytes.(*Buffer).Write", "bytes/buffer.go"),
    ("strings.(*Builder).WriteString", "strings/builder.go"),
    ("sync.(*WaitGroup).Done", "sync/waitgroup.go"),
    ("reflect.Value.Field", "reflect/value.go"),
    ("database/sql.(*Rows).Scan", "database/sql/sql.go"),
)


def real_bugs() -> list[Bug]:
    """The cases of the corpus; the levels and releases of one case are its crashes."""
    found: dict[str, Bug] = {}
    for path in sorted(CORPUS.glob("go1.*/*.txt")):
        case, level, _ = path.name.split(".")
        text = path.read_text(errors="replace")
        if level == "none" or case.startswith(_UNSURE + _NO_CRASH) or "goroutine " not in text:
            continue
        case = _SAME.get(case, case)
        program = case.partition("-")[0] if "-" in case else "app"
        bug = found.setdefault(
            case, Bug(f"real-{case}", program, "real", lambda r: "", [], [], 0, False)
        )
        bug.texts.append((text, path.parent.name.rpartition("-")[2]))
    return list(found.values())


@dataclass
class Form:
    """A text with marks where each crash has other numbers."""

    bug: Bug
    text: str
    goarch: str
    release: str


class Writer:
    """Crashes of a fleet, one after another."""

    def __init__(self, fleet: Fleet, seed: int) -> None:
        self.random = random.Random(seed + 1)
        self.fleet = fleet
        self.forms: list[list[Form]] = []
        self.idle = self._idle_blocks()
        for bug in fleet.bugs:
            ways = range(len(bug.outer)) if not bug.texts else range(len(bug.texts))
            self.forms += [list(self._forms(bug, way)) for way in ways]
        # Few bugs make most crashes: the weights fall as 1/rank.
        order = list(range(len(self.forms)))
        self.random.shuffle(order)
        self.weights = [0.0] * len(order)
        for rank, place in enumerate(order, 1):
            self.weights[place] = 1 / rank**0.8

    def _idle_blocks(self) -> list[str]:
        text = (CORPUS / "go1.26.8-linux-amd64" / "nil.all.txt").read_text()
        system = (CORPUS / "go1.26.8-linux-amd64" / "abort.system.txt").read_text()
        blocks = [b for t in (text, system) for b in t.split("\n\n") if b.startswith("goroutine ")]
        return [re.sub(r"0x[0-9a-f]{8,}", "0xc000\x02a1", b) for b in blocks if "gopark" in b]

    def _forms(self, bug: Bug, way: int) -> Iterator[Form]:
        if bug.texts:
            text, goarch = bug.texts[way]
            marked = re.sub(r"0x[0-9a-f]{9,}", lambda m: f"0xc000\x02{m[0][-3:]}", text)
            yield Form(bug, marked, goarch, "")
            return
        r = self.random
        for release in r.sample(RELEASES, 3):
            yield Form(bug, self._text(bug, way, release), r.choice(("amd64", "arm64")), release)

    def _text(self, bug: Bug, way: int, release: str) -> str:
        r = self.random
        outer, creator = bug.outer[way]
        core = list(bug.core)
        if bug.rounds:
            core = self._rounds(core)
        elif r.random() < 0.15 and len(core) > 2:  # a wrapper of one version
            package = core[-1][0].rpartition("/")[2].partition(".")[0]
            path = core[-1][0].rpartition("/")[0]
            core.insert(-1, (f"{path}/{package}.with{r.choice(_NOUNS)}", core[-1][1]))
        calls = core + outer
        minor = int(release.split(".")[1])
        old = minor < 21
        lines = []
        if not bug.kind.startswith("SIG"):
            lines += self._panicking(bug, release)
        else:
            lines.append("runtime.cgocall(0x4a6050, 0xc000\x02ee8)")
            lines.append(f"\t/usr/local/go{release}/src/runtime/cgocall.go:{150 + minor} +0x4b")
        elide = bug.rounds and len(calls) > 60
        for place, call in enumerate(calls):
            if elide and place == 50:
                lines.append(f"...{len(calls) - 55} frames elided..." if not old
                             else "...additional frames elided...")  # fmt: skip
            if elide and 50 <= place < len(calls) - 5:
                continue
            lines += self._call(call, release)
        if creator:
            lines.append(f"created by {creator}" + ("" if old else " in goroutine \x04"))
            lines.append(f"\t/src/created.go:{r.randrange(900)} +0x{r.randrange(4096):x}")
        elif minor > 22:
            lines += ["runtime.main()", f"\t/usr/local/go{release}/src/runtime/proc.go:290 +0x2d5"]
        if r.random() < 0.04:  # the collector cut the end
            lines = lines[: max(8, int(len(lines) * r.uniform(0.5, 0.95)))]
        body = "\n".join(lines)
        return f"{self._head(bug, release)}\n{body}\n"

    def _rounds(self, core: list[Call]) -> list[Call]:
        r = self.random
        cycle, depth = core[:3], r.choice((8, 30, 80, 120))
        shift = r.randrange(len(cycle))
        return [cycle[(shift + n) % len(cycle)] for n in range(depth)] + core[3:]

    def _head(self, bug: Bug, release: str) -> str:
        state = "[syscall]:" if bug.kind.startswith("SIG") else "[running]:"
        pointers = " gp=0xc000\x021e0 m=3 mp=0xc000\x03400" if self.random.random() < 0.3 else ""
        header = f"goroutine \x05{pointers} {state}"
        if bug.kind == "panic":
            return f"\x06\n\n{header}"
        if bug.kind == "fatal":
            return f"fatal error: \x06\n\n{header}"
        code = "sigcode=18446744073709551610" if "ABRT" in bug.kind else "sigcode=1 addr=0x0"
        return (
            f"{bug.kind}\nPC=0x7f637\x02eec m=0 {code}\n"
            f"signal arrived during cgo execution\n\n{header}"
        )

    def _panicking(self, bug: Bug, release: str) -> list[str]:
        root = f"/usr/local/go{release}/src/runtime"
        if bug.kind == "fatal":
            if not bug.rounds:
                return []
            return ["runtime.throw({0x4b\x03?, 0x4c\x03?})", f"\t{root}/panic.go:1101 +0x48"]
        return ["panic({0x56\x03?, 0x4a\x03?})", f"\t{root}/panic.go:{780 + len(release)} +0x125"]

    def _call(self, call: Call, release: str) -> list[str]:
        r = self.random
        name, file = call
        minor = int(release.split(".")[1])
        if "{c}" in name:
            number = r.randrange(1, 4)
            name = name.replace("{c}", f"func{number}" if minor < 26 else f"func{number}.{number}")
        if minor < 21 and "[...]" in name and r.random() < 0.3:
            name = name.replace("[...]", "[go.shape.int]")
        if r.random() < 0.12:
            return [f"{name}(...)", f"\t/src/{file}:{r.randrange(900)}"]
        count = r.randrange(4)
        args = ", ".join(r.choice(_ARGUMENTS) for _ in range(count))
        return [f"{name}({args})", f"\t/src/{file}:{r.randrange(900)} +0x{r.randrange(4096):x}"]

    def crashes(self, count: int) -> Iterator[tuple[str, str]]:
        """(line of JSON, bug), each form at least once when there is room."""
        r = self.random
        flat = list(range(len(self.forms)))
        for number in range(count):
            if number % 65536 == 0:
                chosen = iter(r.choices(flat, self.weights, k=65536))
            place = number if number < len(flat) else next(chosen)
            form = r.choice(self.forms[place])
            bug = form.bug
            release = min(19, bug.since + int(r.random() * (20 - bug.since)))
            row = {
                "id": f"crash-{number:07d}",
                "program": bug.program,
                "version": f"v1.{release}.0",
                "goos": "linux",
                "goarch": form.goarch,
                "time": f"2026-{1 + release // 2:02d}-{1 + int(r.random() * 28):02d}T12:00:00Z",
                "text": self._filled(form),
            }
            yield json.dumps(row), bug.name

    def _filled(self, form: Form) -> str:
        r = self.random
        text = form.text
        if "\x06" in text:
            text = text.replace("\x06", self._message(form.bug), 1)
        if not form.bug.texts and r.random() < 0.2:
            blocks = r.choices(self.idle, k=r.randrange(1, 7))
            text += "\n" + "\n\n".join(blocks) + "\n"
        bits = r.getrandbits(64)
        text = text.replace("\x02", f"{bits & 0xFFFFF:05x}").replace(
            "\x03", f"{bits >> 20 & 0xFFF:x}"
        )
        return text.replace("\x04", str(bits >> 34 & 0xFFF)).replace("\x05", str(bits >> 48))

    def _message(self, bug: Bug) -> str:
        said = bug.message(self.random)
        if bug.kind == "fatal":
            return said
        tail = ""
        if "nil pointer" in said:
            tail = "\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x4a\x03]"
        return f"panic: {said}{tail}"


_ARGUMENTS = (
    "0xc000\x02f80", "0x1", "{0x7f\x03?, 0x5}", "0x7ffe\x02a20", "0xc000\x02e40?",
    "{0xc000\x02, 0x20, 0x20}", "0x0", "_",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="a fleet's crashes with a known cause each")
    parser.add_argument("count", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bugs", type=int, default=2000)
    parser.add_argument("--stacks", type=int, default=20000, help="about so many distinct stacks")
    args = parser.parse_args()
    write(args.count, args.out, args.truth, args.seed, args.bugs, args.stacks)


def write(
    count: int, out: Path, truth: Path | None, seed: int = 1, bugs: int = 2000, stacks: int = 20000
) -> None:
    """Write ``count`` crashes, and which bug each is of."""
    writer = Writer(Fleet(seed, bugs, stacks), seed)
    told = []
    with out.open("w", encoding="utf-8") as file:
        for number, (line, bug) in enumerate(writer.crashes(count)):
            file.write(line + "\n")
            told.append(f"crash-{number:07d}\t{bug}\n")
    if truth:
        truth.write_text("".join(told))


if __name__ == "__main__":
    main()
