"""The code signature of a Mach-O slice, as the kernel looks at it.

Source: xnu-11417 osfmk/kern/cs_blobs.h (magic numbers, slots, the
CodeDirectory) and bsd/kern/ubc_subr.c (`cs_validate_csblob`,
`cs_validate_codedirectory`: what makes the kernel refuse a signature, and
that of several CodeDirectories the one with the best hash counts). All of
it is big endian.

Not done here: the CMS blob is seen, not verified. "signed" says that a
certificate stands behind the hashes, not that anyone trusts it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from archfit.model.errors import Malformed
from archfit.model.image import Window

ADHOC = 0x2
RUNTIME = 0x10000
LINKER_SIGNED = 0x20000

_SUPER = 0xFADE0CC0
_DIRECTORY = 0xFADE0C02
_CMS = 0xFADE0B01
_CMS_SLOT = 0x10000
#: Slots that hold a CodeDirectory: the first, and up to five with other hashes.
_DIRECTORY_SLOTS = frozenset((0, 0x1000, 0x1001, 0x1002, 0x1003, 0x1004))
#: A signature has about ten blobs; the kernel sets no bound, this reader does.
_MOST_BLOBS = 1024

#: hashType -> (name, bytes kept of the digest, rank); a higher rank is preferred.
_HASHES = {1: ("sha1", 20, 0), 3: ("sha256", 20, 1), 2: ("sha256", 32, 2), 4: ("sha384", 48, 3)}

_BLOB = struct.Struct(">II")
#: magic, length, version, flags, hashOffset, identOffset, nSpecialSlots, nCodeSlots,
#: codeLimit, hashSize, hashType, platform, pageSize, spare2
_CODE_DIRECTORY = struct.Struct(">9I4BI")


@dataclass(frozen=True, slots=True)
class Signature:
    """``kind``: adhoc, linker, signed or broken; ``fault`` says what is broken.

    ``hashes``: offset of the first page's hash in the window; ``limit``: bytes
    of the slice that are covered; ``page``: bytes a page; ``slots``: number of hashes.
    """

    kind: str
    fault: str = ""
    flags: int = 0
    identifier: str = ""
    hash: str = ""
    hash_type: int = 0
    hashes: int = 0
    slots: int = 0
    limit: int = 0
    page: int = 0

    @property
    def hardened(self) -> bool:
        """Hardened runtime was asked for (CS_RUNTIME)."""
        return bool(self.flags & RUNTIME)


class _Broken(Exception):
    """What the kernel would refuse the signature for."""


def read(data: Window, base: int, end: int, offset: int, size: int) -> Signature:
    """The signature at ``offset`` (``size`` bytes) of the slice ``data[base:end]``.

    Checks what the kernel checks when it takes the signature over, and the
    hash of the first page, which covers the load commands. Never raises.
    """
    start = base + offset
    if size < 12 or start + size > end:
        return Signature("broken", "the signature lies outside the file")
    try:
        found, cms = _best(data, start, start + size)
        return _judged(data, base, end, found, cms)
    except _Broken as broken:
        return Signature("broken", str(broken))


def _blob(data: Window, at: int, end: int) -> tuple[int, int]:
    if at + 8 > end:
        raise _Broken("a part of the signature lies outside of it")
    magic, length = _BLOB.unpack_from(data, at)
    if length < 8 or at + length > end:
        raise _Broken("a part of the signature is longer than the signature")
    return magic, length


def _best(data: Window, start: int, end: int) -> tuple[tuple[int, int], bool]:
    """Offset and length of the CodeDirectory that counts, and whether a CMS blob is there."""
    magic, length = _blob(data, start, end)
    if magic == _DIRECTORY:
        return (start, length), False
    if magic != _SUPER:
        raise _Broken("no signature where the load command points")
    end = start + length
    count = _BLOB.unpack_from(data, start + 4)[1] if length >= 12 else 0
    if count > _MOST_BLOBS or 12 + 8 * count > length:
        raise _Broken("the signature's index is longer than the signature")
    best: tuple[int, int] | None = None
    best_rank = -1
    cms = False
    for slot, offset in struct.iter_unpack(">II", data[start + 12 : start + 12 + 8 * count]):
        at = start + offset
        magic, length = _blob(data, at, end)
        if slot in _DIRECTORY_SLOTS:
            if length < 44:
                raise _Broken("the CodeDirectory is cut off")
            known = _HASHES.get(data[at + 37])
            if magic != _DIRECTORY or known is None:
                raise _Broken("a CodeDirectory of an unknown kind")
            if known[2] > best_rank:
                best, best_rank = (at, length), known[2]
        elif slot == _CMS_SLOT:
            cms = magic == _CMS and length > 8
    if best is None:
        raise _Broken("the signature has no CodeDirectory")
    return best, cms


def _judged(data: Window, base: int, end: int, directory: tuple[int, int], cms: bool) -> Signature:
    at, length = directory
    if length < 44:
        raise _Broken("the CodeDirectory is cut off")
    (_, _, version, flags, hash_offset, ident, special, slots, limit, width, kind, _, shift, _) = (
        _CODE_DIRECTORY.unpack_from(data, at)
    )
    known = _HASHES.get(kind)
    if known is None or width != known[1]:
        raise _Broken("the CodeDirectory uses an unknown hash")
    if shift not in (12, 14):
        raise _Broken(f"pages of 2^{shift} bytes are not supported by any kernel")
    if hash_offset > length or special * width > hash_offset:
        raise _Broken("the hashes lie outside the CodeDirectory")
    if hash_offset + slots * width > length:
        raise _Broken("the CodeDirectory has fewer hashes than it says")
    if version >= 0x20300 and length >= 64:
        limit = struct.unpack_from(">Q", data, at + 56)[0] or limit
    page = 1 << shift
    if base + limit > end:
        raise _Broken("more bytes were signed than the file has")
    if slots * page < limit:
        raise _Broken("not every signed page has a hash")
    name = b""
    if 44 <= ident < length:
        name = data[at + ident : at + min(length, ident + 1024)].split(b"\0", 1)[0]
    scattered = version >= 0x20100 and length >= 48 and data[at + 44 : at + 48] != b"\0\0\0\0"
    signature = Signature(
        kind="linker" if flags & LINKER_SIGNED else "signed" if cms else "adhoc",
        flags=flags,
        identifier=name.decode("utf-8", "backslashreplace"),
        hash=known[0],
        hash_type=kind,
        hashes=at + hash_offset,
        slots=0 if scattered else slots,
        limit=limit,
        page=page,
    )
    if signature.slots and limit:
        for _ in wrong_pages(data, base, signature, 0, 1):
            raise _Broken("the first page (load commands) was changed after signing")
    return signature


def wrong_pages(
    data: Window, base: int, signature: Signature, first: int = 0, stop: int | None = None
) -> Iterator[int]:
    """Numbers of the pages in ``[first, stop)`` whose bytes don't have the hash signed for them.

    ``base`` is where the slice starts in ``data``. Malformed: the signature is itself broken,
    so there is nothing to hold the pages against.
    """
    if signature.kind == "broken":
        raise Malformed(signature.fault)
    import hashlib  # it costs 4 ms, which only a signed file is worth

    name, width, _ = _HASHES[signature.hash_type]
    digest_of = getattr(hashlib, name)
    page, limit, hashes = signature.page, signature.limit, signature.hashes
    pages = min(signature.slots, -(-limit // page))
    for number in range(first, pages if stop is None else min(stop, pages)):
        start = base + number * page
        digest: bytes = digest_of(data[start : min(start + page, base + limit)]).digest()
        at = hashes + number * width
        if digest[:width] != data[at : at + width]:
            yield number
