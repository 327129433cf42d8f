"""One clean build with everything pinned: its environment, its caches, its command.

The user's caches are neither used nor cleaned: the build cache is new, and modules come from
the lab's own, which is filled from the user's downloads (a module cache's `cache/download` is
a GOPROXY, go.dev/ref/mod, "module cache") and from his proxies, checked against go.sum.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from archfit.host import experiment, lab_store
from archfit.host.live import Live
from archfit.lab.catalogue import CCompiler, Emulator, GoToolchain
from archfit.model.errors import Unavailable

#: What is set for every build, whatever the user's shell and `go env -w` say.
_FIXED = {
    "LC_ALL": "C",
    "TZ": "UTC",
    "GOENV": "off",
    "GOFLAGS": "",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
}
_CREDENTIALS = re.compile(r"://[^/@\s,|]{1,512}@")
_SEARCHED = "/usr/local/bin:/usr/bin:/bin"
#: Of the user's network settings: how modules come here, not what is built.
_NETWORK = [
    "GOPROXY",
    "GONOPROXY",
    "GOSUMDB",
    "GONOSUMDB",
    "GOPRIVATE",
    "GOINSECURE",
    "GOAUTH",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
]


@dataclass(frozen=True, slots=True)
class Choices:
    """What of a build is chosen, and so recorded. ``buildid``: keep or empty (-buildid=).

    ``command``: a shell command in the place of `go build`, run with the same environment;
    ``results``: what it makes, below the folder. ``epoch``: SOURCE_DATE_EPOCH, None: not set.
    """

    target: str
    cgo: bool = False
    trimpath: bool = True
    buildvcs: str = "auto"
    buildid: str = "keep"
    ldflags: str = ""
    tags: str = ""
    packages: tuple[str, ...] = (".",)
    epoch: int | None = None
    command: str = ""
    results: tuple[str, ...] = ()

    def flags(self) -> list[str]:
        """The arguments of `go build`, without output and packages."""
        linker = " ".join(
            word for word in (self.ldflags, "-buildid=" if self.buildid == "empty" else "") if word
        )
        return [
            *(["-trimpath"] if self.trimpath else []),
            f"-buildvcs={self.buildvcs}",
            *([f"-tags={self.tags}"] if self.tags else []),
            *([f"-ldflags={linker}"] if linker else []),
        ]


@dataclass(frozen=True, slots=True)
class Built:
    """``files``: {name: path} of what was built; ``env`` with the work folder as ``$WORK``;
    ``began`` and ``ended``: seconds since 1970."""

    name: str
    folder: str
    files: Mapping[str, str]
    argv: tuple[str, ...]
    env: Mapping[str, str]
    began: float
    ended: float
    emulated: str = ""


@dataclass(slots=True)
class Bench:
    """Where builds are done and with what."""

    work: str
    tool: GoToolchain
    compiler: CCompiler | None = None
    offline: bool = False
    progress: Callable[[str], None] = field(default=lambda text: None)

    def environment(self, choices: Choices, name: str, goroot: str = "") -> dict[str, str]:
        """The whole environment of a build; folders of its own are made."""
        system, _, isa = choices.target.partition("/")
        home = lab_store.folder(self.work, "home")
        # The go command starts a child of itself for telemetry unless this file says off;
        # under an emulator that can't be started.
        lab_store.write(os.path.join(home, ".config", "go", "telemetry", "mode"), b"off\n")
        env = {
            **_FIXED,
            "PATH": f"{goroot or self.tool.goroot}/bin:{_SEARCHED}",
            "HOME": home,
            "TMPDIR": lab_store.folder(self.work, f"tmp-{name}"),
            "GOPATH": os.path.join(self.work, "gopath"),
            "GOCACHE": lab_store.folder(self.work, f"cache-{name}"),
            "GOMODCACHE": modules_folder(),
            "GOOS": system,
            "GOARCH": isa,
            "CGO_ENABLED": "1" if choices.cgo else "0",
        }
        env |= self._network(env)
        if goroot:
            env["GOROOT"] = goroot
        if choices.cgo and self.compiler is not None:
            env |= {"CC": " ".join(self.compiler.argv), "CGO_CFLAGS": "-O2 -g"}
            env |= {"CGO_LDFLAGS": "-O2 -g"}
            folder = os.path.dirname(self.compiler.path)
            if folder not in env["PATH"].split(":"):
                env["PATH"] += f":{folder}"
        if choices.epoch is not None:
            env["SOURCE_DATE_EPOCH"] = str(choices.epoch)
        return env

    def _network(self, env: Mapping[str, str]) -> dict[str, str]:
        asked = experiment.run(
            [self.tool.go, "env", "GOMODCACHE", "GOPROXY", "GOSUMDB"],
            cwd=self.work,
            env={**os.environ, "GOTOOLCHAIN": "local", "GO111MODULE": "on"},
            timeout=30,
        )
        said = [*asked.out.decode("utf-8", "replace").splitlines(), "", "", ""]
        kept = {key: os.environ[key] for key in _NETWORK if key in os.environ}
        own = f"file://{said[0]}/cache/download" if said[0].startswith("/") else ""
        rest = "off" if self.offline else said[1]
        if rest == "off" and own:
            return {**kept, "GOPROXY": own, "GOSUMDB": "off" if self.offline else said[2]}
        return {**kept, "GOPROXY": ",".join(filter(None, (own, rest))), "GOSUMDB": said[2]}

    def mains(self, folder: str, choices: Choices) -> tuple[str, ...]:
        """Import paths of the main packages among those asked for. Unavailable when none is."""
        env = self.environment(choices, "first")
        form = '{{if eq .Name "main"}}{{.ImportPath}}{{end}}'
        argv = [self.tool.go, "list", "-e", "-f", form, *choices.packages]
        done = experiment.run(argv, cwd=folder, env=env, timeout=600)
        found = tuple(done.out.decode("utf-8", "replace").split())
        if not found:
            said = done.err.decode("utf-8", "replace").strip().splitlines()
            raise Unavailable(
                f"{folder}: no main package" + (f" ({said[-1]})" if said else ""),
                "name the packages: --package ./cmd/...",
            )
        return found

    def build(
        self,
        name: str,
        folder: str,
        choices: Choices,
        mains: Sequence[str],
        emulator: Emulator | None = None,
        goroot: str = "",
    ) -> Built:
        """Build in ``folder``. Raises Unavailable with what the command said last."""
        out = lab_store.folder(self.work, f"out-{name}")
        env = self.environment(choices, name, goroot)
        if choices.command:
            argv = ["/bin/sh", "-c", choices.command]
        else:
            # A child of an emulated program is started by the kernel, which knows nothing of
            # the emulator: -toolexec names it before every tool, and no tool's id changes.
            before = [emulator.path] if emulator else []
            extra = [f"-toolexec={emulator.path}"] if emulator else []
            go = f"{goroot}/bin/go" if goroot else self.tool.go
            argv = [*before, go, "build", *choices.flags(), *extra, "-o", f"{out}/", *mains]
        began = time.time()

        def tick() -> None:
            self.progress(f"{name} build: {time.time() - began:.0f} s")

        done = experiment.run(argv, cwd=folder, env=env, timeout=3600, merge=True, tick=tick)
        ended = time.time()
        if done.status:
            lines = done.out.decode("utf-8", "replace").strip().splitlines()
            raise Unavailable(
                f"the {name} build failed (status {done.status}): " + "\n  ".join(lines[-8:]),
                "archfit watch -- go build ./... says why",
            )
        files = (
            {os.path.basename(one): os.path.join(folder, one) for one in choices.results}
            if choices.command
            else {one: os.path.join(out, one) for one in Live().listdir(out)}
        )
        missing = [path for path in files.values() if not os.path.isfile(path)]
        if missing or not files:
            raise Unavailable(f"the {name} build ended well, but made no {missing or 'program'}")
        shown = {key: _recorded(value, self.work) for key, value in env.items()}
        words = tuple(word.replace(self.work, "$WORK") for word in argv)
        return Built(
            name, folder, files, words, shown, began, ended, emulator.isa if emulator else ""
        )


def _recorded(value: str, work: str) -> str:
    """As it is written down: without the name of the work folder, and without what stands
    before the @ of an address, which may be a password."""
    return _CREDENTIALS.sub("://***@", value.replace(work, "$WORK"))


def modules_folder() -> str:
    """The lab's own module cache."""
    return os.path.join(lab_store.home(), "modules")
