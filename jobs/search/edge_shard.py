"""One collection of the embedded engine: a shard of qdrant-edge, used by threads."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import qdrant_edge as edge

from jobs.errors import IndexDiskFullError, IndexUnavailableError
from jobs.search.edge_errors import edge_errors

# A shard maps sparse files into memory. Where the disk has no room for what is written there, the
# system ends the process (SIGBUS), so that no write begins with less than this: a batch, and the
# next pieces of the log (32 MB) and of the files (32 MB).
SPARE_BYTES = 128 * 2**20
# To delete, and to open one, which may have to catch up with its log.
SPARE_TO_SHRINK_BYTES = 32 * 2**20
# The folders of shards that are being made or removed begin with it.
UNFINISHED = "."
FAILED = "The embedded document index cannot be read or written. Restart the worker."


class EdgeShard:
    """A shard that is closed only when no thread is using it."""

    def __init__(self, folder: Path) -> None:
        """Open the shard in this folder."""
        self._folder = folder
        self._free = threading.Condition()
        self._users = 0
        _require(folder.parent, SPARE_TO_SHRINK_BYTES)
        with edge_errors(damaged(folder)):
            self._shard: edge.EdgeShard | None = edge.EdgeShard.load(str(folder))

    @classmethod
    def create(
        cls, folder: Path, config: edge.EdgeConfig, indexes: Iterable[edge.UpdateOperation]
    ) -> EdgeShard:
        """Create a shard with these indexes of payloads: all of it, or nothing."""
        _require(folder.parent, SPARE_BYTES)
        unfinished = folder.with_name(f"{UNFINISHED}{folder.name}")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        with edge_errors(FAILED):
            shard = edge.EdgeShard.create(str(unfinished), config)
            for index in indexes:
                shard.update(index)
            shard.flush()
            shard.close()
        unfinished.rename(folder)
        return cls(folder)

    @contextmanager
    def use(self) -> Iterator[edge.EdgeShard]:
        """Keep the shard open meanwhile; raises IndexUnavailableError if it is closed."""
        with self._free:
            shard = self._shard
            if shard is None:
                raise IndexUnavailableError(FAILED, command="")
            self._users += 1
        try:
            with edge_errors(FAILED):
                yield shard
        finally:
            with self._free:
                self._users -= 1
                self._free.notify_all()

    @contextmanager
    def write(self, spare: int = 0) -> Iterator[edge.EdgeShard]:
        """Like `use`; raises IndexDiskFullError without `spare` bytes free, or `SPARE_BYTES`."""
        _require(self._folder.parent, spare or SPARE_BYTES)
        with self.use() as shard:
            yield shard

    def close(self) -> None:
        """Wait until nobody uses the shard, and close it."""
        with self._free:
            shard, self._shard = self._shard, None
            self._free.wait_for(lambda: not self._users)
        if shard is not None:
            with edge_errors(FAILED):
                shard.close()

    def remove(self) -> None:
        """Close the shard and remove its folder."""
        self.close()
        removed = self._folder.rename(self._folder.with_name(f"{UNFINISHED}{self._folder.name}"))
        shutil.rmtree(removed)


def open_all(folder: Path) -> dict[str, EdgeShard]:
    """Open all shards in a folder, by name; remove what was half made or half removed."""
    shards: dict[str, EdgeShard] = {}
    try:
        for path in sorted(folder.iterdir()):
            if path.is_dir() and path.name.startswith(UNFINISHED):
                shutil.rmtree(path)
            elif path.is_dir():
                shards[path.name] = EdgeShard(path)
    except BaseException:
        for shard in shards.values():
            shard.close()
        raise
    return shards


def _require(folder: Path, spare: int) -> None:
    if shutil.disk_usage(folder).free < spare:
        raise IndexDiskFullError


def damaged(folder: Path) -> str:
    """Say that a shard cannot be opened, and how to go on without it."""
    return (
        f"The embedded document index in {folder} cannot be opened. If its files can be read and "
        "written, they are damaged: stop the worker, delete that folder, and start it again. It "
        "then indexes all documents again."
    )
