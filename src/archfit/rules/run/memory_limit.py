"""Not enough memory

What is wrong
-------------
An allocation failed (`cannot allocate memory`, `fatal error: runtime: out of memory`,
`JavaScript heap out of memory`), or the kernel or the container's limit killed the
program (`Killed`, `signal: killed`, `OOMKilled`, exit status 137).

Why it happens
--------------
Compilers and linkers take gigabytes, as many times as `make -j` and `go build -p` start
them; a container, a CI runner or a small board has less; a runtime has a limit of its own
(Node's old space, Java's heap, `ulimit -v`, GOMEMLIMIT does not fail by itself).

Remedy
------
Start fewer jobs at a time, or give it more memory or swap.

References
----------
- Linux mm/oom_kill.c and mm/memcontrol.c, `Out of memory: Killed process`
- Go runtime/malloc.go, runtime/mheap.go; V8 heap.cc (Reached heap limit); HotSpot
- POSIX: a shell's status of a command that was killed by signal 9 is 137

Limits
------
`Killed` alone may come from a person or a supervisor; on macOS it is more often a code
signature.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.apple_machine import spoken_of_mac
from archfit.rules.said import said, surest

_KILLED = "it was killed, which the kernel does when memory runs out"
_COMPILER = "the {tool} was killed, which the kernel does when memory runs out"
_FAILED = "an allocation failed: there is not enough memory, or a limit forbids more"
TEXTS = (
    Text(
        "Out of memory",
        "the kernel killed {program}: no memory was left",
        "Linux mm/oom_kill.c (Out of memory: Killed process N (name))",
        r"Out of memory: Kill(?:ed)? process \d{1,8} \((?P<program>[^)\n]{1,40})\)",
        0.97,
    ),
    Text(
        "Memory cgroup out of memory",
        "the kernel killed {program}: the container's limit of memory was reached",
        "Linux mm/memcontrol.c",
        r"Memory cgroup out of memory: Kill(?:ed)? process \d{1,8} \((?P<program>[^)\n]{1,40})\)",
        0.97,
    ),
    Text(
        "oom-kill",
        "the kernel's OOM killer was called",
        "Linux, systemd (Result: oom-kill)",
        r"oom-kill:constraint=|[Rr]esult[:= ]{1,3}'?oom-kill",
        0.96,
    ),
    Text(
        "OOMKilled",
        "the container was killed: its limit of memory was reached",
        "Kubernetes and Docker",
        r"(?<!\.State\.)OOMKilled(?!\"?\s{0,3}[:=]\s{0,3}false)",
        0.96,
    ),
    Text(
        "killed by the OOM killer",
        "the OOM killer ended it",
        "systemd",
        r"(?:has been|was|process) killed by the OOM killer",
        0.96,
    ),
    Text("invoked oom-killer", "no memory was left: the OOM killer was called", "Linux", "", 0.95),
    Text(
        "low on resource",
        "the pod was evicted: the node ran out of memory",
        "kubelet eviction manager",
        r"low on resource: memory",
        0.95,
    ),
    Text(
        "runtime: out of memory",
        "Go's runtime was given no more memory",
        "Go runtime/malloc.go and mem_linux.go",
        r"runtime: out of memory",
        0.96,
    ),
    Text(
        "cannot allocate memory",
        _FAILED,
        "Go syscall (fork/exec PATH: cannot allocate memory), runtime, glibc in lower case",
        r"cannot allocate memory(?! in static TLS)",
        0.9,
        ("in static TLS block",),
    ),
    Text(
        "Cannot allocate memory",
        _FAILED,
        "strerror(ENOMEM)",
        r"Cannot allocate memory",
        0.9,
        ("in static TLS block",),
    ),
    Text(
        "failed to reserve page summary memory",
        "Go's runtime may not reserve its address space: the limit of virtual memory is too low",
        "Go runtime/mpagealloc_64bit.go",
        confidence=0.93,
    ),
    Text(
        "Could not",
        "Java may not reserve its heap: there is not enough memory, or a limit forbids it",
        "HotSpot (Could not reserve enough space for object heap, ... compressed class space)",
        r"Could not (?:reserve enough space for|allocate (?:compressed class space|metaspace))",
        0.95,
    ),
    *(
        Text(
            needle,
            _FAILED,
            "bash (xrealloc: cannot allocate N bytes)",
            r"x(?:re|m)alloc: (?:[\w.]{1,30}: )?cannot allocate \d+ bytes",
            0.93,
        )
        for needle in ("xrealloc", "xmalloc")
    ),
    Text(
        "signal terminated program",
        _COMPILER,
        "GCC gcc.cc since 10 (fatal error: Killed signal terminated program cc1plus)",
        r"Killed signal terminated program (?P<tool>[\w.+-]{1,40})",
        0.96,
    ),
    Text(
        "Killed",
        _COMPILER,
        "GCC before 10 (internal compiler error: Killed (program cc1plus))",
        r"internal compiler error: Killed \(program (?P<tool>[\w.+-]{1,40})\)",
        0.88,
    ),
    Text(
        "terminated with signal 9",
        _COMPILER,
        "collect2 and GCC's lto-wrapper",
        r"(?P<tool>ld|collect2|lto1|lto-wrapper|as|cc1\w{0,6}) ?terminated with signal 9",
        0.95,
    ),
    Text("Compile terminated by signal 9", _COMPILER, "sccache", "", 0.94),
    Text(
        "signal: killed",
        _COMPILER,
        "Go cmd/go (/path/compile: signal: killed), os/exec",
        r"(?:/(?P<tool>compile|link|asm|cgo|cc1plus|cc1|clang|g\+\+|gcc|vet)"
        r"(?:\.exe)?[^\n]{0,200}: )"
        r"signal: killed",
        0.94,
    ),
    Text(
        "signal: killed",
        _KILLED,
        "Go os/exec and cmd/go (signal: killed)",
        r"signal: killed",
        0.75,
    ),
    Text(
        "signal: 9",
        _COMPILER,
        "cargo (process didn't exit successfully: `rustc ...` (signal: 9, SIGKILL: kill))",
        r"`?(?P<tool>rustc|clang|cc|link)?[^\n]{0,300}\(?signal: 9, SIGKILL",
        0.92,
    ),
    Text(
        "Killed",
        _KILLED,
        "bash, dash and make when a command ended by SIGKILL",
        r"(?:^|\d |: |\s)Killed(?:\s{2,}\S|\.?\s*$|\s+\"?\$|\s*\(|\s+[./~])|(?:\d |: )Killed \S",
        0.82,
        ("Killed: 9", "Killed process", "internal compiler"),
    ),
    Text(
        "137",
        _KILLED,
        "Docker, Kubernetes, GitHub Actions and GitLab (exit status 137 = 128 + SIGKILL)",
        r"(?i)exit(?:ed)?(?: with)?(?: (?:status|code|value))?:? ?\(?(?:code |status )?137\b|"
        r"(?:code|status|errno|ExitCode)\"?[:= ]{1,3}137\b|Error 137\b|"
        r"returned a non-zero code: 137",
        0.82,
    ),
    Text("virtual memory exhausted", _FAILED, "GNU xmalloc (GCC, bash, ld)", "", 0.95),
    Text(
        "memory exhausted",
        _FAILED,
        "GNU ld (final link failed: memory exhausted), gas, tar",
        r"memory exhausted",
        0.93,
    ),
    Text("out of memory allocating", _FAILED, "GCC (out of memory allocating N bytes)", "", 0.96),
    Text(
        "out of memory",
        _FAILED,
        "LLVM, Go linker, compilers, Python, Redis and others",
        r"(?:LLVM ERROR: |fatal error: |error: |ERROR: |^)out of memory|"
        r": out of memory(?=\s*$|[!(:]| \()|JavaScript heap out of "
        r"memory|[Cc]ompiler (?:is )?out of|out of memory \(allocat|out of memory: cannot|"
        r"runtime/cgo: out of memory",
        0.92,
        ("CUDA", "cuda", "GPU", "shared memory", "HIP", "OpenCL", "Metal", "VRAM"),
    ),
    Text(
        "Allocation failed",
        "Node's heap is full: its limit is lower than what the program needs",
        "V8 (FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory)",
        r"Allocation failed - (?:JavaScript heap|process) out of memory",
        0.97,
    ),
    Text(
        "OutOfMemoryError",
        "Java's heap is full, or the system gives it no more memory",
        "HotSpot (java.lang.OutOfMemoryError)",
        r"OutOfMemoryError(?!: unable to create (?:new )?native)",
        0.93,
        ("native thread", "cuda", "CUDA", "HIP"),
    ),
    Text("insufficient memory for the Java Runtime", _FAILED, "HotSpot", "", 0.96),
    Text(
        "memory allocation of",
        _FAILED,
        "Rust alloc (memory allocation of N bytes failed)",
        r"memory allocation of \d{1,20} bytes failed",
        0.88,
    ),
    Text(
        "MemoryError", _FAILED, "Python", r"^(?:[\w.]{0,60})?MemoryError\b", 0.9, ("cuda", "CUDA")
    ),
    Text("std::bad_alloc", _FAILED, "C++ (terminate called after throwing ...)", "", 0.72),
    Text("compiler is out of heap space", _FAILED, "MSVC C1060", "", 0.96),
    Text("paging file is too small", _FAILED, "Windows ERROR_COMMITMENT_LIMIT (1455)", "", 0.95),
    Text(
        "errno=1455",
        _FAILED,
        "Go runtime/mem_windows.go (VirtualAlloc failed)",
        r"errno=1455",
        0.95,
    ),
    Text("errno=12", _FAILED, "Go runtime (mmap errno 12, newosproc errno=12)", r"errno=12\b", 0.9),
    Text(
        "ENOMEM",
        _FAILED,
        "Node.js (spawn ENOMEM), libraries that print errno names",
        r"spawn(?:Sync)? [^\n]{0,200}ENOMEM|Error: ENOMEM|ENOMEM: not enough memory",
        0.92,
    ),
    Text(
        "not enough memory",
        _FAILED,
        "Windows ERROR_NOT_ENOUGH_MEMORY (8), tools of all sorts",
        r"(?i)not enough memory (?:resources|available|to|for)|: not enough memory",
        0.88,
    ),
    Text(
        "Not enough memory",
        _FAILED,
        "tools of all sorts",
        r"^\S[^\n]{0,80}: Not enough memory",
        0.85,
    ),
    Text("Jetsam", "macOS or iOS ended it for lack of memory", "xnu (JETSAM)", r"(?i)jetsam", 0.88),
    Text(
        "shutdown signal",
        "the CI runner was stopped, most often for lack of memory",
        "GitHub Actions (The runner has received a shutdown signal)",
        r"runner has received a shutdown signal",
        0.6,
    ),
)
_LIMITS = ("OOMKilled", "cgroup", "docker", "kube", "container", "exit code 137", "pod")
_COMPILING = ("cc1", "rustc", "compile:", "link:", "clang", "g++", "gcc", "make", "cargo", "ninja")
#: Somebody or something else ends programs with SIGKILL too.
_OTHERS = (
    "timed out",
    "timeout",
    "Timeout",
    "context deadline exceeded",
    "liveness",
    "Liveness",
    "cancelled",
    "canceled",
    "kill -9",
    "docker stop",
    "SIGTERM",
    "Stopping container",
)


#: What Docker and Kubernetes say when it was not memory.
_NOT_OOM = ('"OOMKilled": false', "OOMKilled: false", "OOMKilled=false", '"OOMKilled":false')


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """One finding; `Killed` alone counts less where somebody else may have done it."""
    left = [hit for hit in hits if _counts(hit, log)]
    if not left:
        return
    best = surest(left)
    confidence = best.text.confidence
    if best.text.says == _KILLED or "137" in best.text.needle:
        if spoken_of_mac(log) and not log.has(*_COMPILING, *_LIMITS):
            confidence = 0.45
        elif log.has(*_OTHERS):
            confidence = 0.4 if log.has("cancelled", "canceled") else 0.5
        elif log.has(*_COMPILING) and confidence < 0.85:
            confidence = 0.85
    if best.text.needle == "Killed" and spoken_of_mac(log) and not log.has(*_COMPILING):
        confidence = min(confidence, 0.45)
    program = best.group("program") or best.group("tool")
    message = best.text.says.format(program=program or "it", tool=program or "compiler")
    yield said(best, left, message=message, remedies=_mend(best, log), confidence=confidence)


def _counts(hit: Hit, log: Log) -> bool:
    if hit.text.needle == "memory allocation of":
        # jemalloc that refuses its pages says so first.
        return not log.has("Unsupported system page size")
    if hit.text.says == _KILLED and (log.has(*_NOT_OOM) or _went_on(hit, log)):
        return False
    if hit.text.needle == "std::bad_alloc":
        return log.has("terminate called", "what():", "Aborted", "libc++abi")
    return True


def _went_on(hit: Hit, log: Log) -> bool:
    """A test kills a process by itself: what it printed stands above its package's `ok`."""
    for at in range(hit.number, hit.number + 200):
        line = log.lines.get(at, "")
        if line.startswith(("ok  \t", "ok \t", "--- PASS", "    --- PASS")):
            return True
        if line.startswith(("FAIL", "--- FAIL", "#", "exit status", "make", "panic:")):
            return False
    return False


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    see = "dmesg | grep -i -E 'oom|killed process'"
    if "JavaScript heap" in hit.line or "heap limit" in hit.line:
        yield Remedy(
            "Raise Node's limit",
            "NODE_OPTIONS=--max-old-space-size=4096 npm run build",
            verify="node -e 'console.log(v8.getHeapStatistics().heap_size_limit)'",
        )
        return
    if "OutOfMemoryError" in hit.line or "Java Runtime" in hit.line:
        yield Remedy("Raise Java's limit", "JAVA_TOOL_OPTIONS=-Xmx4g java ...", verify="free -m")
        return
    if log.has("go build", "/compile", "/link", "go test", "golang"):
        yield Remedy("Start fewer jobs", "GOFLAGS=-p=1 GOMAXPROCS=1 go build ./...", safe=True)
    elif log.has("cargo", "rustc"):
        yield Remedy("Start fewer jobs", "CARGO_BUILD_JOBS=1 cargo build", safe=True)
    elif log.has(*_COMPILING):
        yield Remedy("Start fewer jobs", "make -j1", safe=True, verify=see)
    if log.has("OOMKilled", "kubelet", "kubectl", "pod/", "Pod"):
        yield Remedy(
            "Raise the container's limit",
            "kubectl set resources deployment NAME --limits=memory=2Gi",
            verify="kubectl describe pod NAME | grep -A3 'Last State'",
        )
    elif log.says("docker", "Docker", "container"):
        yield Remedy(
            "Give the container (Docker Desktop: its virtual machine) more memory",
            "docker run --memory 4g IMAGE",
            verify="docker inspect CONTAINER --format '{{.State.OOMKilled}}'",
        )
    yield Remedy(
        "Add swap, or use a machine with more memory",
        "fallocate -l 4G /swap && chmod 600 /swap && mkswap /swap && swapon /swap",
        verify=see,
    )


RULE = Rule(
    "run.memory-limit",
    texts=TEXTS,
    weigh=weigh,
    yields_to=("run.thread-limit", "run.page-size", "run.seccomp"),
)
