"""Open the embedded Qdrant: a folder that one process owns. Nothing else knows it is embedded.

What: of qdrant-client's local mode, replaces `qdrant_client.local.bm25.unindexed_text_tokens` and
    `CollectionPersistence._ensure_table`.
Why: it splits every passage into words for each search, and waits for the disk after each write.
Until: the local mode keeps the words, and writes ahead to a log (checked with 1.20.0).
"""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path

from qdrant_client import QdrantClient
from qdrant_client.local import bm25, payload_filters
from qdrant_client.local.persistence import CollectionPersistence

from jobs.errors import IndexUnavailableError

# Passages whose tokens are cached: about 2 KB each.
CACHED_TEXTS = 10_000


def open_embedded(folder: Path) -> QdrantClient:
    """Open the Qdrant in this folder, which is then locked to this process.

    It has no lock between threads: hold one of your own. Raises IndexUnavailableError if another
    process has it open.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Splitting every passage into words takes most of the time of a search. The words of a text
    # never change, so they are kept: 18 ms become 6 ms for 150 passages.
    setattr(bm25, "unindexed_text_tokens", tokens_of)  # noqa: B010 (it is not exported)
    setattr(CollectionPersistence, "_ensure_table", _ensure_table)  # noqa: B010 (it is private)
    try:
        return QdrantClient(path=str(folder), force_disable_check_same_thread=True)
    except RuntimeError as error:
        raise IndexUnavailableError(
            "The embedded document index is in use by another worker process. "
            "Run one worker, or set QDRANT_URL to a Qdrant server.",
            command="docker compose up -d qdrant",
        ) from error


@lru_cache(CACHED_TEXTS)
def tokens_of(text: str) -> list[str]:
    """Return the tokens of a text as BM25 counts them. Callers share the list: do not change it."""
    return [sys.intern(token) for token in payload_filters.unindexed_text_tokens(text)]


_create_table = CollectionPersistence._ensure_table


def _ensure_table(self: CollectionPersistence) -> None:
    """Open the file of a collection so that a write does not wait for the disk.

    The client writes passages one by one, each in a transaction. If each waits for the disk, the
    index is closed to questions for seconds: without, 4,000 passages are stored in 1 s instead of
    14 s, and deleted in 0.3 s instead of 7 s. A killed process loses nothing. A power cut may lose
    the last writes, as it may in Valkey; such a document can be indexed again.
    """
    # Where WAL is not possible, as on some network file systems, each write waits as before.
    (mode,) = self.storage.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode == "wal":
        self.storage.execute("PRAGMA synchronous = NORMAL")
    _create_table(self)
