"""Which documents have passages without vectors, how far each is, and which worker is at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import redis

from jobs.documents.keys import document_key
from jobs.documents.scripts import CHANGED
from jobs.models import Document
from jobs.queue.keys import UNEMBEDDED_KEY, embedding_key

# Longer than a passage takes on a busy machine; so long waits what a killed worker was at. Two
# workers at one document do no harm.
EMBEDDING_CLAIM_SECONDS = 15

# Count the passages that have yet to get vectors, unless they were indexed again meanwhile.
# KEYS: entry, unembedded. ARGV: id, when they were indexed, how many.
NOTE_EMBEDDED = (
    """
if redis.call('HGET', KEYS[1], 'indexed_at') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'to_embed', ARGV[3])
if ARGV[3] ~= '0' then return 1 end
redis.call('ZREM', KEYS[2], ARGV[1])
"""
    + CHANGED
)


class EmbeddingProgress:
    """A document is entered by `DocumentRepository.update_unembedded`. Raises what redis raises."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection
        self._note = connection.register_script(NOTE_EMBEDDED)

    def waiting(self) -> Sequence[str]:
        """Return the ids of documents whose passages are to get vectors, first come first."""
        ids = cast("list[bytes]", self._connection.zrange(UNEMBEDDED_KEY, 0, -1))
        return [document_id.decode() for document_id in ids]

    def note(self, document: Document, left: int) -> bool:
        """Say how many passages have yet to get vectors; False if they are others by now."""
        return bool(
            self._note(
                keys=[document_key(document.id), UNEMBEDDED_KEY],
                args=[document.id, document.indexed_at, left],
            )
        )

    def forget(self, document_id: str) -> None:
        """Say that the passages of a document are to get no vectors."""
        self._connection.zrem(UNEMBEDDED_KEY, document_id)

    def claim(self, document_id: str) -> bool:
        """Return True to the one worker that is to give a document its vectors, for a while."""
        key = embedding_key(document_id)
        return bool(self._connection.set(key, 1, nx=True, ex=EMBEDDING_CLAIM_SECONDS))

    def keep(self, document_id: str) -> None:
        """Prolong that while."""
        self._connection.expire(embedding_key(document_id), EMBEDDING_CLAIM_SECONDS)

    def end(self, document_id: str) -> None:
        """Let another worker go on."""
        self._connection.delete(embedding_key(document_id))
