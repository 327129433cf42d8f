"""One registered interpreter of binfmt_misc, as its file under /proc/sys/fs/binfmt_misc shows it.

Source: Linux Documentation/admin-guide/binfmt-misc.rst and fs/binfmt_misc.c
(entry_status), kernel 6.12: ``enabled`` or ``disabled``, ``interpreter PATH``,
``flags: `` with P (preserve argv[0]), O (open binary), C (credentials of the binary),
F (interpreter opened at registration), then ``extension .EXT`` or ``offset N``,
``magic HEX`` and, where there is one, ``mask HEX``.
"""

from __future__ import annotations

from dataclasses import dataclass

from archfit.formats.elf_machines import identify
from archfit.model.errors import Malformed


@dataclass(frozen=True, slots=True)
class Entry:
    """``isa`` in Go's spelling, None when the entry is not for one ELF machine."""

    enabled: bool
    interpreter: str
    flags: str
    isa: str | None
    extension: str | None


def entry(text: str) -> Entry:
    """Reads one entry's file. Raises Malformed when it names no interpreter."""
    fields: dict[str, str] = {}
    state = ""
    for line in text.splitlines()[:64]:
        word, _, rest = line.partition(" ")
        if word in ("enabled", "disabled") and not rest:
            state = word
        elif word in ("interpreter", "flags:", "extension", "offset", "magic", "mask"):
            fields[word] = rest.strip()
    if not state or "interpreter" not in fields:
        raise Malformed("binfmt_misc entry without a state or an interpreter")
    return Entry(
        enabled=state == "enabled",
        interpreter=fields["interpreter"],
        flags="".join(c for c in fields.get("flags:", "") if c.isalpha()),
        isa=_isa(fields) if "extension" not in fields else None,
        extension=fields.get("extension"),
    )


def _isa(fields: dict[str, str]) -> str | None:
    """The ELF machine that magic and mask let through, when it is exactly one."""
    try:
        magic = bytes.fromhex(fields.get("magic", ""))
        mask = bytes.fromhex(fields["mask"]) if "mask" in fields else b"\xff" * len(magic)
        offset = int(fields.get("offset", "0"))
    except ValueError:
        raise Malformed("binfmt_misc entry with a magic or an offset that is no number") from None
    if offset != 0 or len(magic) < 20 or len(mask) < len(magic) or magic[:4] != b"\x7fELF":
        return None
    if mask[:4] != b"\xff" * 4 or mask[18:20] != b"\xff\xff":
        return None
    # Masks of one bit less are common (EI_DATA under 0xfe); only values that ELF has count.
    wide, order = (
        [value for value in (1, 2) if (value ^ magic[at]) & mask[at] == 0] for at in (4, 5)
    )
    if len(wide) != 1 or len(order) != 1:
        return None
    machine = int.from_bytes(magic[18:20], "little" if order[0] == 1 else "big")
    return identify(machine, 32 * wide[0], order[0] == 1, 0)[0]
