"""The same batches on Dask: a cluster of this machine, or a scheduler that the user has.

The answer does not depend on the engine: work is cut in the same pieces, each batch carries all
its signatures, and batches are taken in the order of the work. Workers of a cluster read the
files by their paths, so they must see them at the same place (a shared file system).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from archfit.engine.crash_batch import Batch, Batcher
from archfit.host.crash_sources import Work
from archfit.host.pool import workers

#: Dask has no types.
_dask: Any = import_module("distributed")
#: Pieces under way for each worker.
_AHEAD = 4


def on_dask(address: str = "") -> DaskEngine:
    """The engine. ``address``: a scheduler (`tcp://host:8786`); "": a cluster on loopback."""
    return DaskEngine(address)


class DaskEngine:
    """Called as any engine: work in, batches out, in order; ends what it started."""

    def __init__(self, address: str) -> None:
        self._address = address

    def __call__(self, work: Iterable[Work], ids: bool) -> Iterator[Batch]:
        if self._address:
            with _dask.Client(self._address, timeout="20s") as client:
                yield from _over(client, work, ids)
            return
        with (
            _dask.LocalCluster(
                n_workers=workers(),
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
                memory_limit=None,
                silence_logs=50,
            ) as cluster,
            _dask.Client(cluster) as client,
        ):
            yield from _over(client, work, ids)


def _over(client: Any, work: Iterable[Work], ids: bool) -> Iterator[Batch]:
    most = _AHEAD * max(len(client.scheduler_info()["workers"]), 1)
    ahead: deque[Any] = deque()
    for piece in work:
        ahead.append(client.submit(_batch, piece, ids, pure=False))
        if len(ahead) >= most:
            yield ahead.popleft().result()
    while ahead:
        yield ahead.popleft().result()


def _batch(piece: Work, ids: bool) -> Batch:
    """In a worker of Dask, which keeps what it has signed between pieces."""
    worker = _dask.get_worker()
    kept: dict[bool, Batcher] = worker.__dict__.setdefault("archfit_batchers", {})
    if ids not in kept:
        kept[ids] = Batcher(ids, whole=True)
    return kept[ids].batch(piece)
