"""A sandbox denies a system call that the program needs

What is wrong
-------------
A filter between the program and the kernel (seccomp in containers, systemd units and
browsers, gVisor, Android's zygote) answers EPERM or kills, where the kernel would do as
asked. Threads can't be started although there is room for them (`pthread_create failed:
Operation not permitted`), a debugger can't trace, a sandbox within the sandbox can't be
made, or the program dies of SIGSYS (`Bad system call`).

Why it happens
--------------
The filter is older than the C library: glibc 2.34 starts threads with clone3, which
Docker before 20.10.10 denies with EPERM in the place of ENOSYS; time64 calls on 32-bit ARM
with libseccomp before 2.4.4. Or the program needs what containers are not given: ptrace,
namespaces, perf, io_uring, mbind.

Remedy
------
Bring a newer container runtime and libseccomp, or a profile that allows the call; to
prove it, one run with `--security-opt seccomp=unconfined`.

References
----------
- moby/moby 42680 (clone3 and EPERM), opencontainers/runc 2750 (ENOSYS stub)
- seccomp(2), Linux kernel/seccomp.c (audit type 1326), moby profiles/seccomp/default.json

Limits
------
EPERM has other causes: capabilities, AppArmor, SELinux, Yama. Which it was shows only the
kernel's audit line or a run without the filter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.said import said, surest

_THREAD = "the sandbox denies the call that starts a thread (clone3), with EPERM"
_SYSCALL = "the sandbox killed it for a system call that its filter does not allow"
_INSIDE = "the sandbox that it runs in does not let it make a sandbox of its own"
_TRACE = "the sandbox does not let one process trace another (ptrace, personality)"
TEXTS = (
    Text(
        "pthread_create failed",
        _THREAD,
        "Go runtime/cgo (gcc_libinit.c, gcc_fatalf.c), OpenBLAS, node, glib, in old containers",
        r"pthread_create failed[^\n]{0,60}[:(] ?(?:Operation not permitted|EPERM)",
        0.96,
    ),
    Text(
        "errno=1",
        _THREAD,
        "Go runtime/os_linux.go (failed to create new OS thread ... errno=1)",
        r"failed to create new OS thread [^\n]{0,60}errno=1\)",
        0.95,
    ),
    Text(
        "Operation not permitted",
        _THREAD,
        "programs that start threads or processes, in old containers",
        r"(?:pthread_create|thread::spawn|spawn thread|create (?:a |new )?thread|start(?:ing)? "
        r"(?:new )?thread|clone3?|spawn (?:a |worker |new )?thread|ThreadPoolBuildError|"
        r"uv_thread_create|std::system_error|reqwest::Error \{ kind: Builder|"
        r"Cannot fork|can't fork|make: /bin/sh|make: g?cc|g?make(?:\[\d+\])?: [\w/.-]{1,40})"
        r"[^\n]{0,120}Operation not permitted",
        0.88,
        ("Enable multithreading",),
    ),
    Text(
        "Problem executing scripts",
        _THREAD,
        "apt in Debian's and Ubuntu's images in old containers (docker-clean's rm can't start)",
        r"Problem executing scripts (?:APT::Update|DPkg)::Post-Invoke 'rm -f /var/cache/apt",
        0.88,
    ),
    Text(
        "thread failed to start",
        _THREAD,
        "curl (getaddrinfo() thread failed to start) with glibc 2.34 in old containers",
        r"getaddrinfo\(\) thread failed to start",
        0.8,
    ),
    Text(
        "uv_thread_create",
        _THREAD,
        "Node.js src/node_platform.cc, in old containers",
        r"Assertion [^\n]{0,20}0[^\n]{0,6}== \(?uv_thread_create",
        0.72,
    ),
    Text(
        "start new thread",
        _THREAD,
        "Python threading, with glibc 2.34 in old containers",
        r"can't start new thread",
        0.6,
    ),
    Text(
        "Bad system call",
        _SYSCALL,
        "shells and strsignal(SIGSYS)",
        r"[Bb]ad system call(?! \(e)",
        0.93,
    ),
    Text(
        "bad system call",
        _SYSCALL,
        "Go runtime (SIGSYS: bad system call)",
        r"(?:SIGSYS|signal): bad system call",
        0.95,
    ),
    Text("invalid system call", _SYSCALL, "zsh on SIGSYS", "", 0.93),
    Text(
        "SIGSYS",
        _SYSCALL,
        "Android tombstones (signal 31 (SIGSYS), code 1 (SYS_SECCOMP)), Rust, Chrome",
        r"signal 31 \(SIGSYS\)|signal: 31, SIGSYS|SYS_SECCOMP|crashed with SIGSYS|exit_status=159",
        0.95,
    ),
    Text(
        "type=1326",
        "the kernel's audit log says that seccomp denied system call {syscall}",
        "Linux kernel/seccomp.c (audit: type=1326)",
        r"type=1326 [^\n]{0,300}syscall=(?P<syscall>\d{1,4})",
        0.9,
    ),
    Text(
        "type=SECCOMP",
        "the kernel's audit log says that seccomp denied system call {syscall}",
        "auditd",
        r"type=SECCOMP [^\n]{0,300}syscall=(?P<syscall>\d{1,4})",
        0.9,
    ),
    Text(
        "seccomp",
        "the container's filter could not be set up: {what}",
        "runc libcontainer/seccomp, crun, podman, kubelet, Docker",
        r"(?i)(?P<what>(?:error (?:adding|loading|creating|initializing|setting)|failed to|unable "
        r"to|cannot|could not|decoding|invalid|unknown)[^\n]{0,60}seccomp[^\n]{0,200}|seccomp: "
        r"config provided but seccomp not supported|seccomp[^\n]{0,60}(?:not supported|failed|"
        r"denied|blocked|violation)[^\n]{0,120})",
        0.85,
        ("Seccomp: enabled", "seccomp=unconfined", "checking"),
    ),
    Text(
        "disabling address space randomization",
        _TRACE,
        "gdb in a container without SYS_PTRACE",
        r"Error disabling address space randomization: Operation not permitted",
        0.9,
    ),
    Text(
        "ptrace",
        _TRACE,
        "gdb, strace, delve, lldb in a container (PTRACE_TRACEME, PTRACE_ATTACH: EPERM)",
        r"(?i)ptrace[^\n]{0,60}Operation not permitted",
        0.85,
    ),
    Text(
        "PTRACE_TRACEME",
        _TRACE,
        "strace, in a container",
        r"PTRACE_TRACEME[^\n]{0,60}Operation not permitted",
        0.9,
    ),
    Text(
        "could not launch process",
        _TRACE,
        "delve in a container without SYS_PTRACE",
        r"could not launch process: fork/exec [^\n]{1,200}: operation not permitted",
        0.93,
    ),
    Text(
        "personality",
        _TRACE,
        "setarch, gdb, lldb in a container",
        r"personality[^\n]{0,60}Operation not permitted",
        0.9,
    ),
    Text(
        "move to new namespace",
        _INSIDE,
        "Chromium sandbox/linux (Failed to move to new namespace ... Operation not permitted)",
        r"[Ff]ailed to move to new namespace",
        0.9,
    ),
    Text(
        "No usable sandbox",
        _INSIDE,
        "Chromium zygote_host_impl_linux.cc",
        r"No usable sandbox!",
        0.85,
    ),
    Text(
        "namespace",
        _INSIDE,
        "bubblewrap, flatpak, snap, Nix, firejail, rootless podman and buildah",
        r"(?i)(?:creating|create|unshare|setting up|clone)[^\n]{0,40}namespaces?[^\n]{0,60}"
        r"(?:failed|not permitted|permission denied)",
        0.82,
    ),
    Text(
        "unshare",
        _INSIDE,
        "util-linux unshare, podman, buildah, runc in a container",
        r"unshare[^\n]{0,80}(?:Operation not permitted|operation not permitted)",
        0.85,
    ),
    Text(
        "mbind",
        "the sandbox denies mbind (memory policy)",
        "MySQL and MariaDB in a container (mbind: Operation not permitted)",
        r"\bmbind: Operation not permitted",
        0.85,
    ),
    Text(
        "io_uring",
        "the sandbox or the kernel's settings deny io_uring",
        "liburing users, tokio-uring, node, RocksDB (io_uring_setup: EPERM)",
        r"io_uring(?:_setup|_queue_init\w{0,10})?[^\n]{0,80}(?:Operation not permitted|EPERM|"
        r"operation not permitted)",
        0.88,
    ),
    Text(
        "perf_event_open",
        "the sandbox or the kernel's settings deny perf",
        "perf in a container",
        r"perf_event_open[^\n]{0,80}(?:Operation not permitted|not permitted)",
        0.8,
    ),
    Text(
        "initialize time",
        "an old libseccomp denies the 64-bit time calls on 32-bit ARM",
        "Python (pyinit_main: can't initialize time) in Alpine 3.13 and later on Debian 10",
        r"can't initialize time",
        0.95,
    ),
    Text(
        "gettimeofday",
        "an old libseccomp denies the 64-bit time calls on 32-bit ARM",
        "apk, openssl, curl, wget and others in containers on 32-bit ARM",
        r"(?:clock_gettime|gettimeofday|clock_gettime64)[^\n]{0,60}Operation not permitted",
        0.9,
    ),
)
_CONTAINER = (
    "docker",
    "Docker",
    "container",
    "podman",
    "pod",
    "kube",
    "seccomp",
    "FROM ",
    "chroot",
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """One finding; Python's `can't start new thread` only where an old sandbox is spoken of."""
    left = [hit for hit in hits if _counts(hit, log)]
    if not left:
        return
    best = surest(left)
    confidence = best.text.confidence
    if best.text.needle == "start new thread":
        confidence = 0.85
    what, syscall = best.group("what")[:160], best.group("syscall", "?")
    yield said(
        best,
        left,
        message=best.text.says.format(what=what, syscall=syscall),
        remedies=_mend(best, log),
        confidence=confidence,
    )


def _counts(hit: Hit, log: Log) -> bool:
    if hit.text.needle == "start new thread":
        return log.says(*_CONTAINER) and log.says(
            "Operation not permitted", "clone3", "glibc", "seccomp", "20.10.", "19.03", "18.09"
        )
    if hit.text.needle == "seccomp":
        return "type=1326" not in hit.line
    return True


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    if hit.text.says == _TRACE:
        yield Remedy(
            "Give the container the right to trace",
            "docker run --cap-add SYS_PTRACE --security-opt seccomp=unconfined IMAGE",
            verify="strace -f true",
        )
        return
    if hit.text.says == _INSIDE:
        yield Remedy(
            "Let it make user namespaces, or switch its own sandbox off (Chromium: --no-sandbox)",
            "sysctl kernel.apparmor_restrict_unprivileged_userns=0 "
            "kernel.unprivileged_userns_clone=1",
            verify="unshare -Ur true",
        )
        return
    yield Remedy(
        "Upgrade the container runtime and libseccomp on the host (Docker 20.10.10 and later "
        "answer ENOSYS for calls they do not know)",
        "apt-get install --only-upgrade docker-ce containerd.io libseccomp2",
        verify="docker version; runc --version",
    )
    yield Remedy(
        "To prove it, one run without the filter; then a profile that allows the call",
        "docker run --rm --security-opt seccomp=unconfined IMAGE",
        verify="dmesg | grep type=1326",
    )
    if hit.text.says == _THREAD:
        yield Remedy("Or use an image with a C library before 2.34 (bullseye, Ubuntu 20.04)")


RULE = Rule("run.seccomp", texts=TEXTS, weigh=weigh)
