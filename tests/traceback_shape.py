"""What a dump says, without where it stands: for comparing a dump with its disguises."""

from __future__ import annotations

from archfit.formats.go_dump import Dump
from archfit.formats.go_frames import Frame
from archfit.formats.go_goroutine import Goroutine


def shape(dump: Dump) -> tuple[object, ...]:
    """Everything but places, notes on other lines, and what stood before the head."""
    race = dump.race and (
        [(a.kind, a.address, a.goroutine, _frames(a.frames)) for a in dump.race.accesses],
        [(o.goroutine, o.state, _frames(o.frames)) for o in dump.race.origins],
        dump.race.whole,
    )
    return (
        dump.kind,
        " ".join(dump.message.split()),
        [(" ".join(p.message.split()), p.recovered, p.repanicked) for p in dump.panics],
        (dump.signal, dump.signal_number, dump.sigcode, dump.addr, dump.pc, dump.m, dump.in_cgo),
        dump.instruction,
        [_goroutine(g) for g in dump.goroutines],
        dump.runtime_stack and _goroutine(dump.runtime_stack),
        dump.registers,
        [shape(other) for other in dump.others],
        dump.status,
        race,
    )


def _goroutine(goroutine: Goroutine) -> tuple[object, ...]:
    return (
        goroutine.header,
        _frames(goroutine.frames),
        goroutine.created_by and _frames((goroutine.created_by,)),
        goroutine.creator,
        goroutine.elided,
        [note.kind for note in goroutine.notes],
    )


def _frames(frames: tuple[Frame, ...]) -> list[tuple[object, ...]]:
    return [(f.function, f.args, f.file, f.line, f.offset, f.fp, f.sp, f.pc, f.c) for f in frames]
