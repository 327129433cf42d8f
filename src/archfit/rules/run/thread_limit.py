"""No more threads or processes may be started

What is wrong
-------------
clone(2) answers EAGAIN: the user's limit of processes (threads count), the cgroup's
pids.max, or the kernel's own limits are reached. Go says `failed to create new OS thread
(have N already; errno=11)` or `program exceeds 10000-thread limit`, the shell `fork:
retry: Resource temporarily unavailable`, Java `unable to create native thread`.

Why it happens
--------------
A low `ulimit -u` or `--pids-limit`, or a program that starts a thread for each core of a
large machine, for each blocked system call, or never ends them.

Remedy
------
Raise the limit that was reached, or have the program use fewer threads.

References
----------
- clone(2), EAGAIN; setrlimit(2), RLIMIT_NPROC; Linux kernel/cgroup/pids.c
- Go runtime/os_linux.go (newosproc), runtime/proc.go (checkmcount)

Limits
------
EAGAIN has also the meaning of too little memory for the thread's stack; which limit it
was is not in the message.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.said import said, surest

_FULL = "no more threads can be started: a limit is reached (EAGAIN)"
_GO = "the Go program has too many threads"
TEXTS = (
    Text(
        "pthread_create failed",
        _FULL,
        "Go runtime/cgo (gcc_fatalf.c), OpenBLAS, HotSpot, glib",
        r"pthread_create failed[^\n]{0,80}(?:Resource temporarily unavailable|EAGAIN|error 11)",
        0.97,
    ),
    Text(
        "pthread_create",
        _FULL,
        "C and C++ programs that print the call's name with strerror(EAGAIN)",
        r"pthread_create[^\n]{0,80}(?:Resource temporarily unavailable|EAGAIN|: 11\b)"
        r"|pthread_create(?:\(\))? (?:failed with (?:error|code) |is )11(?!\d)",
        0.95,
    ),
    Text(
        "failed to create new OS thread",
        _FULL,
        "Go runtime/os_linux.go and relatives (newosproc)",
        r"failed to create new OS thread \(have (?P<have>\d{1,7}) already; errno=(?:11|35)\)",
        0.97,
    ),
    Text(
        "may need to increase max user processes",
        _FULL,
        "Go runtime/os_linux.go (ulimit -u)",
        confidence=0.97,
    ),
    Text(
        "thread limit",
        _GO,
        "Go runtime/proc.go (runtime: program exceeds N-thread limit)",
        r"program exceeds \d{1,7}-thread limit",
        0.97,
    ),
    Text("thread exhaustion", _GO, "Go runtime/proc.go (fatal error)", "", 0.95),
    Text(
        "Resource temporarily unavailable",
        "no more processes or threads can be started: a limit is reached (EAGAIN)",
        "bash, zsh, make, sshd, cron, Python, Rust, libgomp, boost, ruby",
        r"(?i)\b(?:v?fork(?:/exec)?|clone|spawn|thread|ThreadPoolBuildError|setuid|set[_ ]?user|"
        r"system_error|posix_spawn|subprocess|process|what\(\))[^\w][^\n]{0,200}"
        r"Resource temporarily unavailable",
        0.92,
        (
            " read",
            "readv",
            "recv",
            "send",
            "accept",
            "socket",
            "lock ",
            "flock",
            "dpkg/lock",
            "mq_",
        ),
    ),
    Text(
        "resource temporarily unavailable",
        "no more processes or threads can be started: a limit is reached (EAGAIN)",
        "Go os/exec (fork/exec PATH: ...), zsh (fork failed)",
        r"fork(?:/exec)?[^\n]{0,200}resource temporarily unavailable",
        0.93,
    ),
    Text(
        "retry",
        "no more processes can be started: a limit is reached",
        "bash (fork: retry: Resource temporarily unavailable / No child processes)",
        r"fork: retry: ",
        0.93,
    ),
    Text(
        "native thread",
        "Java can start no more threads: a limit is reached",
        "HotSpot (java.lang.OutOfMemoryError: unable to create native thread)",
        r"unable to create (?:new )?native thread",
        0.95,
    ),
    Text(
        "Failed to start thread",
        "Java can start no more threads: a limit is reached",
        "HotSpot os_linux.cpp (pthread_create failed (EAGAIN))",
        r"Failed to start (?:the native )?thread[^\n]{0,120}pthread_create failed \(EAGAIN",
        0.96,
    ),
    Text(
        "fork rejected by pids controller",
        "the cgroup's limit of processes (pids.max) is reached",
        "Linux kernel/cgroup/pids.c",
        confidence=0.97,
    ),
    Text(
        "start new thread",
        "Python can start no more threads: a limit is reached",
        "CPython Modules/_threadmodule.c",
        r"can't start new thread",
        0.85,
    ),
    Text(
        "create Thread",
        "Ruby can start no more threads: a limit is reached",
        "CRuby thread.c (can't create Thread: Resource temporarily unavailable)",
        r"can't create Thread: Resource temporarily",
        0.95,
    ),
    *(
        Text(
            needle,
            "no more processes can be started: a limit is reached",
            "dash (Cannot fork), Perl, PHP and daemons",
            r"[Cc]annot fork(?:\s*$|: (?:Resource temp|EAGAIN|11\b))",
            0.85,
        )
        for needle in ("Cannot fork", "cannot fork")
    ),
    Text(
        "uv_thread_create",
        "Node.js can start no more threads: a limit is reached, or a sandbox denies it",
        "Node.js src/node_platform.cc",
        r"Assertion [^\n]{0,20}0[^\n]{0,6}== \(?uv_thread_create",
        0.65,
    ),
    Text(
        "RLIMIT_NPROC",
        "the limit of processes and threads is reached",
        "OpenBLAS (blas_thread_init: RLIMIT_NPROC N current, N max)",
        r"RLIMIT_NPROC \d+ current",
        0.88,
    ),
    Text(
        "reached the max number of processes",
        "no more processes can be started: a limit is reached",
        "CloudLinux LVE, cPanel",
        r"reached (?:the )?max(?:imum)? number of processes",
        0.85,
    ),
    Text(
        "Thread creation failed",
        _FULL,
        "libgomp (libgomp: Thread creation failed)",
        r"libgomp: Thread creation failed",
        0.93,
    ),
    Text(
        "thread_resource_error",
        _FULL,
        "boost::thread",
        r"thread_resource_error",
        0.88,
    ),
    Text(
        "code: 11",
        _FULL,
        "Rust std::thread (Os { code: 11, kind: WouldBlock ... })",
        r"(?:spawn thread|ThreadPoolBuildError|thread::spawn)[^\n]{0,120}code: 11",
        0.93,
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """One finding; less sure where EPERM shows that a sandbox is what denies."""
    left = [hit for hit in hits if _counts(hit, log)]
    if not left:
        return
    best = surest(left)
    confidence = best.text.confidence
    yield said(best, left, remedies=_mend(best, log), confidence=confidence)


def _counts(hit: Hit, log: Log) -> bool:
    if hit.text.needle == "start new thread":
        return not log.says("Operation not permitted", "seccomp", "clone3")
    if hit.text.needle == "RLIMIT_NPROC":
        return not log.has("Operation not permitted")
    return True


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    if hit.text.says == _GO:
        yield Remedy(
            "Find what blocks so many threads: each blocked system call or C call holds one",
            "kill -QUIT PID  # or: curl localhost:6060/debug/pprof/threadcreate?debug=1",
            verify="ls /proc/PID/task | wc -l",
        )
        return
    if log.says("docker", "container", "podman", "kube", "pids"):
        yield Remedy(
            "Raise the container's limit of processes",
            "docker run --pids-limit 4096 IMAGE  # kubelet: podPidsLimit",
            verify="cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids.current",
        )
    yield Remedy(
        "Raise the user's limit",
        "ulimit -u unlimited  # lasting: nproc in /etc/security/limits.conf, TasksMax= in the unit",
        verify="ulimit -u; ps -eLf | wc -l",
    )
    if log.has("OpenBLAS", "blas_thread_init"):
        yield Remedy(
            "Or start fewer threads", "OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 PROGRAM", safe=True
        )


RULE = Rule("run.thread-limit", texts=TEXTS, weigh=weigh)
