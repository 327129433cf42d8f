"""Who raised the signal that a Go dump tells of: the kernel for a fault, or somebody's kill.

Sources: sigaction(2) and <asm-generic/siginfo.h> of Linux for si_code (a code above 0 comes
from the kernel, 0 and below from a sender); `sigFromUser` in runtime/os_linux.go and
os_unix_nonlinux.go, `fixsigcode` in signal_darwin_amd64.go of Go 1.26; `sighandler` in
signal_unix.go for the SIGQUIT that the runtime relays with GOTRACEBACK=crash.
"""

from __future__ import annotations

from dataclasses import dataclass

from archfit.formats.go_dump import Dump

#: Codes on which Linux and the BSDs agree, and which Go programs die of.
_CODES = {
    ("SIGSEGV", 1): ("SEGV_MAPERR", "nothing is mapped at the address"),
    ("SIGSEGV", 2): ("SEGV_ACCERR", "the mapping at the address does not allow this access"),
    ("SIGBUS", 1): ("BUS_ADRALN", "the address is not aligned as the instruction needs it"),
    ("SIGBUS", 2): ("BUS_ADRERR", "there is no memory behind the mapping, as after a truncation"),
}
_LINUX = {
    ("SIGSEGV", 3): ("SEGV_BNDERR", "a bound check failed"),
    ("SIGSEGV", 4): ("SEGV_PKUERR", "a protection key forbids the access"),
    ("SIGSEGV", 8): ("SEGV_MTEAERR", "a memory tag does not fit"),
    ("SIGSEGV", 9): ("SEGV_MTESERR", "a memory tag does not fit"),
    ("SIGFPE", 1): ("FPE_INTDIV", "integer division by zero"),
    ("SIGFPE", 2): ("FPE_INTOVF", "integer overflow"),
    ("SIGILL", 1): ("ILL_ILLOPC", "no such instruction"),
    ("SIGILL", 2): ("ILL_ILLOPN", "no such instruction"),
    ("SIGTRAP", 1): ("TRAP_BRKPT", "a breakpoint instruction"),
    ("SIGSYS", 1): ("SYS_SECCOMP", "seccomp forbids the system call"),
}
_SENT = {
    0: ("SI_USER", "kill(2), and on macOS raise() and abort() too"),
    -1: ("SI_QUEUE", "sigqueue(3)"),
    -2: ("SI_TIMER", "a timer"),
    -6: ("SI_TKILL", "tgkill(2): raise(), abort() or pthread_kill()"),
}
#: What Go puts in place of the address on darwin/amd64, where the kernel gives none.
_NO_ADDRESS = 0xB01DFACEDEBAC1E


@dataclass(frozen=True, slots=True)
class SignalOrigin:
    """``by``: kernel, sent, runtime (it relays a SIGQUIT to its threads, or gave up) or unknown.

    ``code``: name of the code, "" for one that is not known here. ``pid``: the sender, where
    the dump has it. ``address_real``: the address printed is that of the fault.
    """

    by: str
    code: str
    reason: str
    pid: int | None = None
    address_real: bool = False


def signal_origin(dump: Dump) -> SignalOrigin | None:
    """Where the signal came from; None for a dump that tells of none."""
    # `[signal 0xc0000005 ...]` is how Go on Windows prints an exception that became a panic.
    number = dump.exception[0] if dump.exception else dump.signal_number or 0
    if number > 0xFFFF:
        return SignalOrigin("kernel", hex(number), "Windows raised an exception")
    if not dump.signal and dump.signal_number is None:
        return None
    if dump.relayed:
        return SignalOrigin(
            "runtime", "", "with GOTRACEBACK=crash the runtime sends SIGQUIT to its threads in turn"
        )
    code = dump.sigcode
    if dump.first is not None and any(f.function == "runtime.abort" for f in dump.first.frames[:1]):
        why = "runtime.abort stops the program with an instruction that traps or faults"
        return SignalOrigin("runtime", "", why)
    if code is None:
        return SignalOrigin("unknown", "", "the dump has no sigcode (Go before 1.10, or cut)")
    if code == 0x80:
        told = "SI_KERNEL: the CPU refused the instruction or the address"
        if dump.signal == "SIGSEGV":
            told += "; on amd64 an address that is not canonical, so addr is not the real one"
        return SignalOrigin("kernel", "SI_KERNEL", told)
    if code > 0x10000:
        return SignalOrigin("sent", "SI_USER", "the code is that of kill(2) on a BSD")
    if code > 0:
        name, means = _code(dump.signal, code)
        if dump.addr == _NO_ADDRESS:
            return SignalOrigin(
                "kernel",
                name,
                "addr is the mark that Go on darwin/amd64 sets when the kernel gives no address: "
                "a pointer that is no address at all, or a kill -SEGV",
            )
        why = f"si_code {code} is above 0" + (f" ({name}: {means})" if name else "")
        real = dump.addr is not None and dump.signal in ("SIGSEGV", "SIGBUS")
        return SignalOrigin("kernel", name, why, address_real=real)
    name, how = _SENT.get(code, ("", "a sender"))
    # In siginfo the sender's pid and uid lie where the address of a fault would be.
    pid = dump.addr & 0xFFFFFFFF if dump.addr is not None and code in (0, -1, -6) else None
    why = f"si_code {code} is not above 0: {how}"
    if pid is not None:
        why += f"; what is printed as addr is the sender's pid {pid} and its uid"
    return SignalOrigin("sent", name, why, pid)


def _code(signal: str, code: int) -> tuple[str, str]:
    return _CODES.get((signal, code)) or _LINUX.get((signal, code)) or ("", "")
