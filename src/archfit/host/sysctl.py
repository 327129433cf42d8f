"""macOS's sysctlbyname(3), asked in this very process.

The answer of a started `sysctl` program is that program's: it is universal, and which of
its slices runs depends on how it was started. Only the process itself can ask whether
the process itself is translated.

Sources: sysctlbyname(3); Apple, "About the Rosetta translation environment"
(sysctl.proc_translated: 1 translated, 0 native, ENOENT where there is no Rosetta).
"""

from __future__ import annotations

import ctypes
import errno
import os

from archfit.model.errors import Unavailable

#: Names whose value is text; all others that archfit asks for are integers.
_TEXT = frozenset(
    {
        "hw.machine",
        "hw.model",
        "kern.osproductversion",
        "kern.osversion",
        "kern.version",
        "machdep.cpu.brand_string",
        "machdep.cpu.extfeatures",
        "machdep.cpu.features",
        "machdep.cpu.leaf7_features",
    }
)

_MAX = 1 << 16


def sysctl(name: str, library: str | None = None) -> str:
    """The value under ``name``, integers in decimal. Raises Unavailable.

    ``library``: a file that has sysctlbyname; by default what this process has loaded.
    """
    call = getattr(ctypes.CDLL(library, use_errno=True), "sysctlbyname", None)
    if call is None:
        raise Unavailable(f"sysctl {name}: this system has no sysctlbyname")
    call.restype = ctypes.c_int
    call.argtypes = (
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_size_t),
        ctypes.c_void_p,
        ctypes.c_size_t,
    )
    size = ctypes.c_size_t(0)
    _check(name, call(name.encode(), None, ctypes.byref(size), None, 0))
    if size.value > _MAX:
        raise Unavailable(f"sysctl {name}: {size.value} bytes, more than any value asked for")
    value = ctypes.create_string_buffer(max(size.value, 1))
    _check(name, call(name.encode(), value, ctypes.byref(size), None, 0))
    raw = value.raw[: size.value]
    if name in _TEXT:
        return raw.rstrip(b"\0").decode("utf-8", "replace")
    return str(int.from_bytes(raw, "little", signed=True))


def _check(name: str, status: int) -> None:
    if status == 0:
        return
    code = ctypes.get_errno()
    if code == errno.ENOENT:
        raise Unavailable(f"sysctl {name}: this kernel has no such name")
    raise Unavailable(f"sysctl {name}: {os.strerror(code)}")
