"""The tables that wait to be submitted, of all sessions: so many of each user, so much of all.

A session may last for hours after its page was closed, and one user may have any number of them. So
sessions have weak references, and this has the tables.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from jobs.batches.spreadsheet import Sheet
from jobs.models import Failure

TABLES_OF_A_USER = 2
BYTES_OF_ALL = 400_000_000
# What they cost, see `jobs.batches.table_limits`.
CELL_BYTES, CHAR_BYTES = 60, 4


@dataclass(frozen=True)
class ReadFile:
    """What was read of the file that is about to be submitted. `token` says which one it is."""

    token: str
    sheets: tuple[Sheet, ...] = ()
    failure: Failure | None = None

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        cells = (cell for sheet in self.sheets for row in sheet.rows for cell in row)
        return sum(CELL_BYTES + CHAR_BYTES * len(cell) for cell in cells)


class KeptTables:
    """The least recently read go first. Thread-safe."""

    def __init__(self, of_a_user: int = TABLES_OF_A_USER, bytes_of_all: int = BYTES_OF_ALL) -> None:
        self._of_a_user = of_a_user
        self._bytes_of_all = bytes_of_all
        self._kept: OrderedDict[int, tuple[str, ReadFile, int]] = OrderedDict()  # by identity
        self._lock = threading.Lock()

    def keep(self, user: str, read: ReadFile) -> None:
        """Keep a table; what is too much of this user, or of all, is forgotten."""
        size = read.size
        with self._lock:
            self._kept[id(read)] = user, read, size
            of_user = [key for key, (whose, *_) in self._kept.items() if whose == user]
            for key in of_user[: -self._of_a_user]:
                del self._kept[key]
            while len(self._kept) > 1 and self._bytes() > self._bytes_of_all:
                self._kept.popitem(last=False)

    def forget(self, read: ReadFile | None) -> None:
        """Let go of a table."""
        with self._lock:
            self._kept.pop(id(read), None)

    def _bytes(self) -> int:
        return sum(size for *_, size in self._kept.values())


kept_tables = KeptTables()
