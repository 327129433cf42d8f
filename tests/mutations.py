"""Files with bytes changed by chance, and a judge of what readers make of them.

``ARCHFIT_FUZZ=20000`` asks for that many changes of a format; 400 are the rule.
"""

from __future__ import annotations

import os
import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence

from archfit.model.errors import ArchfitError

CHANGES = int(os.environ.get("ARCHFIT_FUZZ", "400"))

#: Numbers at which readers stumble.
_EDGES = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_WIDE = (1 << 63, (1 << 63) - 1, (1 << 64) - 1, 1 << 40)


def changed(data: bytes, spots: Sequence[tuple[int, int]], chance: random.Random) -> bytes:
    """``data`` with one to sixteen changes, most of them within ``spots`` (start, end)."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8, 16))):
        start, end = chance.choice(spots) if chance.random() < 0.95 else (0, len(out))
        at = chance.randrange(start, max(start + 1, min(end, len(out))))
        kind = chance.random()
        if kind < 0.5:
            size = chance.choice((1, 2, 4, 4, 8))
            number = chance.choice(_WIDE if size == 8 else _EDGES) & (1 << 8 * size) - 1
            new = number.to_bytes(size, chance.choice(("little", "big")))
        elif kind < 0.75:
            new = chance.randbytes(chance.choice((1, 2, 4)))
        else:  # a piece of the file itself, in another place
            source = chance.randrange(len(data))
            new = data[source : source + chance.randrange(1, 48)]
        out[at : at + len(new)] = new
    if chance.random() < 0.1:
        return bytes(out[: chance.randrange(len(out))])
    return bytes(out)


def survive(
    files: Sequence[tuple[str, bytes, Sequence[tuple[int, int]]]],
    read: Callable[[bytes], object],
    seed: str,
    count: int = CHANGES,
) -> None:
    """``read`` raises nothing but the house's own errors, within 1 s and 64 MiB, ``count`` times.

    ``files``: name, bytes and the places worth changing, each read whole once before.
    """
    chance = random.Random(seed)
    for _, data, _ in files:
        read(data)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, raw in _turns(files, chance, count):
        started = time.process_time()
        try:
            read(raw)
        except ArchfitError:
            pass
        except Exception as error:
            error.add_note(f"{seed}: {name}, {len(raw)} bytes")
            raise
        assert time.process_time() - started < 1.0, name
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    assert grown < 64 << 10, f"{grown} KiB"


def _turns(
    files: Sequence[tuple[str, bytes, Sequence[tuple[int, int]]]],
    chance: random.Random,
    count: int,
) -> Iterator[tuple[str, bytes]]:
    for number in range(count):
        name, data, spots = files[number % len(files)]
        yield name, changed(data, spots, chance)
