"""gzip as a stream that can't grow without end. Source: RFC 1952 (several members may follow)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from archfit.model.errors import Malformed

GZIP = b"\x1f\x8b\x08"
_CHUNK = 1 << 20
#: From so many bytes on, the ratio counts. Crash texts reach 60; the most of deflate is 1032.
_FREE = 64 << 20
RATIO = 300


def inflated(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The bytes behind gzip, a megabyte at most at once.

    Raises Malformed when they are no gzip, broken, cut, or grow beyond all that texts do.
    """
    taken = made = 0
    unpack = zlib.decompressobj(31)
    for chunk in chunks:
        taken += len(chunk)
        data = chunk
        while data:
            if unpack.eof:
                if not data.strip(b"\0"):
                    break  # padding behind the last member
                unpack = zlib.decompressobj(31)
            try:
                out = unpack.decompress(data, _CHUNK)
            except zlib.error as error:
                raise Malformed(f"the gzip stream is broken: {error}") from None
            made += len(out)
            if made > _FREE and made > RATIO * taken:
                raise Malformed(f"it grows more than {RATIO}-fold, as no text does")
            if out:
                yield out
            data = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
    if not unpack.eof:
        raise Malformed("the gzip stream is cut")
