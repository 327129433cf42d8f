"""What killed a Go program, from its dump: one of the causes of the family `crash`.

The dump's kind and message decide first, then what C said before it, then where it died and
who raised the signal. See `archfit.crash.throws` for the messages and their sources.
si_code 0x80 (SI_KERNEL) of SIGSEGV is a general protection fault of the CPU (Intel SDM 3A,
6.15): an address that is not canonical, an aligned access (MOVAPS) to another address, or
HLT, with which musl stops when it finds its heap damaged (arch/x86_64/atomic_arch.h, a_crash).
"""

from __future__ import annotations

from dataclasses import replace

from archfit.crash import throws
from archfit.crash.death_place import Place, called_c, death_place, in_c
from archfit.crash.signal_origin import SignalOrigin, signal_origin
from archfit.crash.verdict import Cause
from archfit.formats.go_dump import Dump

#: Signals that people, supervisors and terminals send.
_ASKED = ("SIGQUIT", "SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGPROF")
_FAULTS = ("SIGSEGV", "SIGBUS")
#: How far from the stack pointer a touch of the stack may be.
_NEAR_SP = 1 << 16
#: Functions of the runtime that work on memory which the program gives them.
_LEAVES = (
    "memmove",
    "memequal",
    "memclr",
    "memhash",
    "cmpstring",
    "cmpbody",
    "memeqbody",
    "aeshash",
)
_SETXID = ("etgid", "etuid", "etgroups", "etresuid")
_UD2 = b"\x0f\x0b"
_EXCEPTIONS = {
    0xC0000374: ("c-heap-corruption", 0.95, "Windows found the C heap damaged"),
    0xC0000409: ("c-abort", 0.8, "C stopped the program at once (__fastfail)"),
    0x40000015: ("c-abort", 0.85, "C called abort()"),
    0xE06D7363: ("c-abort", 0.85, "a C++ exception was caught by nobody"),
    0x20474343: ("c-abort", 0.85, "a C++ exception (of GCC) was caught by nobody"),
    0xC00000FD: ("stack-overflow", 0.9, "a thread's stack is exhausted"),
    0xC0000094: ("c-segv", 0.6, "an integer division by zero"),
}


def cause_of(dump: Dump, told: str = "") -> Cause | None:
    """The cause, None where the dump shows none of this family.

    ``told``: the text around it, for the libc and for warnings of the compiler.
    """
    found = _cause(dump, told)
    return None if found is None else replace(found, line=dump.first_line)


def _cause(dump: Dump, told: str) -> Cause | None:
    place = death_place(dump)
    if dump.kind == "race":
        return Cause("go-race", 0.96, "two goroutines use one variable at once", place.function)
    if dump.kind == "panic":
        return _of_panic(dump, place, told)
    said = "\n".join([line.text for line in dump.before])
    if dump.kind == "goroutines":
        return None
    if dump.kind == "fatal":
        known = thrown_of(dump.message, said, told)
        if known is not None:
            cause, sure = known
            words = f"the runtime stopped: {_first_line(dump.message)}"
            return Cause(cause, sure, words, place.function) if cause else None
    by_words = spoken(said)
    # A fault after an assertion's words is its own; after words of the heap it follows from them.
    fits: tuple[str, ...] = ("SIGABRT", "SIGTRAP", "SIGILL")
    if by_words is not None and by_words.id == "c-heap-corruption":
        fits += _FAULTS
    if by_words is not None and dump.signal in fits:
        return replace(by_words, function=called_c(dump.first))
    if dump.exception:
        return _of_exception(dump, place)
    origin = signal_origin(dump)
    message = dump.message
    if dump.kind == "signal" or message.startswith("unexpected signal"):
        return _of_signal(dump, place, origin, told)
    if message.startswith("fault"):
        return _of_fault(dump, place, origin)
    if dump.runtime_stack or (dump.first and _throws(dump)):
        words = f"the runtime found its own state broken: {_first_line(message)}"
        return Cause("go-runtime-bug", 0.62, words, place.function)
    return None


def thrown_of(message: str, said: str, told: str = "") -> tuple[str, float] | None:
    """The cause of a throw; of `unknown caller pc` and relatives what was said before counts."""
    found = throws.thrown(message)
    if found is not None:
        return found
    if "unexpected return pc" in said or message.startswith(
        ("unknown caller pc", "traceback", "unknown pc", "bad pc", "unknown return pc")
    ):
        # musl's handler of setuid(2) and relatives has no SA_ONSTACK and overwrites stacks.
        if any(m in told for m in ("musl", "lpine")) and any(w in told for w in _SETXID):
            return "signal-handler", 0.7
        return "go-heap-corruption" if "invalid pointer" in said else "go-runtime-bug", 0.6
    for line in said.split("\n"):
        if line.startswith(("runtime: ", "signal ", "fatal: ")):
            found = throws.thrown(line)
            if found is not None and found[0]:
                return found
    return None


def spoken(said: str) -> Cause | None:
    """What C, C++ or Rust said before it ended the program."""
    line = next((x for x in said.split("\n") if any(w in x for w in throws.HEAP)), "")
    if line:
        return Cause("c-heap-corruption", 0.95, f"C's heap is damaged: {line.strip()[:120]}")
    line = next((x for x in said.split("\n") if any(w in x for w in throws.ABORT)), "")
    if line and "bad_alloc" not in said:
        return Cause("c-abort", 0.94, f"C or C++ ended the program: {line.strip()[:120]}")
    return None


def _of_panic(dump: Dump, place: Place, told: str) -> Cause | None:
    message = dump.message
    first = _first_line(message)
    frames = dump.first.frames if dump.first else ()
    if any(frame.function.startswith(("cmd/compile/", "cmd/link/")) for frame in frames):
        return None  # build.compiler-crash
    if message.startswith("deadlock: "):
        return Cause("go-deadlock", 0.9, first, place.function)
    if "test timed out after" in message:
        return _of_timeout(dump)
    if any(words in message for words in throws.POINTER_RULE):
        return Cause("cgo-pointer", 0.97, f"the check of pointers failed: {first}", place.function)
    if "misuse of an invalid Handle" in message:
        return Cause("cgo-pointer", 0.7, "a cgo.Handle was used that is not valid", place.function)
    if "unaligned 64-bit atomic operation" in message or _atomic64(dump):
        words = "a 64-bit atomic operation on a 32-bit processor needs an address that 8 divides"
        return Cause("abi", 0.84, words, _caller_of_atomic(dump))
    if any(message.startswith(words) for words in throws.RACING):
        return Cause("go-race", 0.85, first, place.function)
    if not (dump.goroutines or dump.signal) and not message.startswith("runtime error"):
        # Other programs say `panic: ` too.
        if not any(sign in told for sign in ("exit status 2", ".go:", "go run", "go test")):
            return None
        return Cause("go-panic", 0.5, f"Go code panicked: {first}", place.function)
    own = "runtime error: " in message or dump.signal or "interface conversion" in message
    own = own or message.startswith(("close of", "send on closed", "assignment to entry", "sync:"))
    sure = 0.94 if own else 0.8
    if dump.served:
        sure -= 0.1
    return Cause("go-panic", sure, f"Go code panicked: {first}", place.function)


def _atomic64(dump: Dump) -> bool:
    """Before Go 1.14 such an operation ended as if it had met a nil pointer."""
    if "nil pointer dereference" not in dump.message:
        return False
    frames = [f for f in (dump.first.frames if dump.first else ()) if f.function != "panic"]
    frames = [f for f in frames if not f.function.startswith(("runtime.", "testing."))]
    top = frames[0] if frames else None
    if top is None or "atomic." not in top.function or "64" not in top.function:
        return False
    return any(isa in top.file for isa in ("_arm.", "_386.", "_mips"))


def _caller_of_atomic(dump: Dump) -> str:
    for frame in dump.first.frames if dump.first else ():
        if not frame.runtime and "atomic" not in frame.package and frame.package != "testing":
            return frame.function
    return ""


def _of_timeout(dump: Dump) -> Cause | None:
    """A test that ran too long hangs in a lock, or was merely slow."""
    for goroutine in dump.goroutines[:200]:
        locked = goroutine.state.startswith(("sync.", "semacquire"))
        if locked and goroutine.header.minutes and any(not f.runtime for f in goroutine.frames):
            where = next(f.function for f in goroutine.frames if not f.runtime)
            words = f"goroutine {goroutine.id} waited {goroutine.header.minutes} minutes for a lock"
            return Cause("go-deadlock", 0.6, words, where)
    return None


def _of_signal(dump: Dump, place: Place, origin: SignalOrigin | None, told: str) -> Cause | None:
    signal = dump.signal
    if signal in _ASKED or not signal:
        return None
    c = place.where == "c" or _foreign_pc(dump) or _below_signal(dump)
    name = called_c(dump.first) or next(filter(None, map(called_c, dump.goroutines[:200])), "")
    while_in = f" while Go was in the call of {name}" if name else ""
    sent = origin is not None and origin.by == "sent"
    if signal == "SIGABRT":
        if c or (name and place.where != "go"):
            return Cause("c-abort", 0.86, f"C called abort(){while_in}", name)
        return None
    if signal in ("SIGTRAP", "SIGILL"):
        trap = signal == "SIGTRAP" or dump.instruction[:2] == _UD2
        if c and trap:
            words = f"C stopped at a trap that its compiler or author put there{while_in}"
            return Cause("c-abort", 0.88 if signal == "SIGILL" else 0.75, words, name)
        return None
    if signal == "SIGFPE":
        return Cause("c-segv", 0.7, f"C divided by zero{while_in}", name) if c else None
    if signal not in _FAULTS:
        return None
    if c:
        if sent:
            return Cause("c-segv", 0.6, f"C raised {signal} itself{while_in}", name)
        return _fault_in_c(dump, origin, told, name, while_in)
    if sent or place.where == "":
        return None
    return _fault_in_runtime(dump, place, told)


def _fault_in_c(
    dump: Dump, origin: SignalOrigin | None, told: str, name: str, while_in: str
) -> Cause:
    registers = dict(dump.registers)
    sp = registers.get("rsp", registers.get("sp", registers.get("esp")))
    addr = dump.addr if dump.addr is not None else registers.get("fault")
    if sp and addr and abs(addr - sp) <= _NEAR_SP:
        words = f"C ran out of stack{while_in}: {dump.signal} right at the stack pointer"
        return Cause("stack-overflow", 0.9, words, name)
    protection = origin is not None and origin.code == "SI_KERNEL" and dump.signal == "SIGSEGV"
    if protection and any(word in told for word in ("musl", "alpine", "Alpine")):
        words = f"musl stopped the program (HLT){while_in}: it found its heap damaged"
        return Cause("c-heap-corruption", 0.66, words, name)
    if protection and registers and not any(map(_wild, registers.values())):
        words = f"an access in C was not aligned as its instruction needs it{while_in}"
        return Cause("abi", 0.7, words, name)
    if origin is not None and origin.code == "BUS_ADRALN":
        words = f"an access in C was not aligned as its instruction needs it{while_in}"
        return Cause("abi", 0.7, words, name)
    if _cut_pointer(addr):
        warned = "mplicit declaration" in told or "makes pointer from integer" in told
        words = f"a pointer lost its upper half: C called a function without prototype{while_in}"
        return Cause("abi", 0.9 if warned else 0.7, words, name)
    words = f"{dump.signal} in C{while_in}"
    if addr is not None and addr < 4096:
        words += f", at address {addr:#x}: a null pointer"
    return Cause("c-segv", 0.93 if dump.in_cgo or in_c(dump.first) else 0.85, words, name)


def _fault_in_runtime(dump: Dump, place: Place, told: str) -> Cause:
    names = [
        frame.function
        for stack in (dump.runtime_stack, dump.first)
        for frame in (stack.frames if stack else ())
        if frame.runtime and not frame.function.endswith((".throw", ".sigpanic", ".fatalthrow"))
    ]
    cgo = "_Cfunc_" in told or "_cgoexp_" in told
    if any(part in name for name in names[:6] for part in throws.COLLECTOR):
        words = f"{dump.signal} in Go's allocator or collector ({place.function}): "
        words += "its memory was overwritten"
        return Cause("go-heap-corruption", 0.75 if cgo else 0.6, words, place.function)
    words = f"{dump.signal} in Go's runtime itself ({place.function})"
    return Cause("go-runtime-bug", 0.5 if cgo else 0.66, words, place.function)


def _of_fault(dump: Dump, place: Place, origin: SignalOrigin | None) -> Cause:
    """`unexpected fault address`: an instruction of Go, at an address that is not near zero."""
    first = dump.first
    frames = [f for f in (first.frames if first else ()) if not f.runtime]
    assembly = bool(frames) and frames[0].file.endswith(".s")
    if origin is not None and origin.code == "SI_KERNEL" and assembly:
        words = f"an access in {place.function} was not aligned, or its pointer no address"
        return Cause("abi", 0.86, words, place.function)
    if origin is not None and origin.code == "BUS_ADRALN":
        words = f"an access in {place.function} was not aligned"
        return Cause("abi", 0.8, words, place.function)
    leaf = place.function.removeprefix("runtime.").startswith(_LEAVES)
    if origin is not None and origin.code == "BUS_ADRERR":
        words = "there is no memory behind the address: a mapped file was cut, or its disk failed"
        return Cause("go-panic", 0.6, words, frames[0].function if frames else "")
    if place.where == "runtime" and not (leaf and frames):
        return _fault_in_runtime(dump, place, "")
    if leaf and frames:
        words = f"Go code gave a pointer that leads nowhere to {place.function}"
        return Cause("go-panic", 0.7, words, frames[0].function)
    words = f"Go code used a pointer that leads nowhere, in {place.function or 'a function'}"
    return Cause("go-panic", 0.72, words, place.function)


def _of_exception(dump: Dump, place: Place) -> Cause | None:
    known = _EXCEPTIONS.get(dump.exception[0])
    name = called_c(dump.first)
    if known is not None:
        cause, sure, words = known
        return Cause(cause, sure, words, name)
    if dump.exception[0] != 0xC0000005:
        return None
    if place.where == "c" or dump.in_cgo:
        return Cause("c-segv", 0.9, "an access violation in C", name)
    if place.where == "go":
        return Cause("go-panic", 0.6, "an access violation in Go code", place.function)
    return _fault_in_runtime(dump, place, "")


def _foreign_pc(dump: Dump) -> bool:
    """The pc is no Go function's: sigpanic has no caller, or the pc is in a shared library."""
    stack = dump.runtime_stack or dump.first
    frames = stack.frames if stack else ()
    if frames and frames[-1].function == "runtime.sigpanic":
        return True
    if any(n.kind == "unexpected-return-pc" for n in (stack.notes if stack else ())):
        ends = ("runtime.sigpanic", "runtime.throw")
        return "runtime.sigpanic called from" in stack_text(dump) and (
            not frames or frames[-1].function in ends
        )
    return not frames and (dump.pc or 0) >> 40 == 0x7F


def stack_text(dump: Dump) -> str:
    """The start of the stack that tells of the death, as printed."""
    stack = dump.runtime_stack or dump.first
    return stack.block[:2000] if stack else ""


def _below_signal(dump: Dump) -> bool:
    """gccgo prints the runtime's own frames above the call of C, and no parentheses."""
    first = dump.first
    if first is None or dump.runtime_stack is not None:
        return False
    if not first.frames:
        return first.state.startswith("syscall") and "._Cfunc_" in first.block[:1000]
    own = [f for f in first.frames if f.function and not f.runtime]
    return bool(own) and "._Cfunc_" in own[0].function


def _throws(dump: Dump) -> bool:
    frames = dump.first.frames[:2] if dump.first else ()
    return any(f.function in ("runtime.throw", "runtime.fatal") for f in frames)


def _wild(value: int) -> bool:
    """Not an address that amd64 can have, and not a small negative number."""
    return 1 << 47 <= value < (1 << 64) - (1 << 32)


def _cut_pointer(addr: int | None) -> bool:
    """The lower half of a pointer, with its sign; not a small negative number."""
    return addr is not None and 0xFFFFFFFF80000000 <= addr < 0xFFFFFFFFFF000000


def _first_line(message: str) -> str:
    return message.partition("\n")[0].strip()[:160]
