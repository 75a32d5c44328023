"""The register of documents in Valkey: what there is, how far it is, and which index holds it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import redis
from redis.typing import EncodableT, FieldT

from jobs.broker import DOCUMENTS_KEY, INDEX_KEY, document_key
from jobs.models import Document, DocumentStatus, Failure, IndexState

_NUMBERS = {"size": int, "pages": int, "passages": int, "added_at": float, "progress": float}

# Write the fields only if the entry is still there: a deleted document must not come back.
# KEYS: entry. ARGV: field, value, …
UPDATE_IF_THERE = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
"""


class DocumentRegister:
    """Entries live as long as their documents. Raises what redis raises."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection
        self._update = connection.register_script(UPDATE_IF_THERE)

    def add_if_new(self, document: Document) -> bool:
        """Enter a document; False if its content is there already. Atomic."""
        key = document_key(document.id)
        if not self._connection.hsetnx(key, "name", document.name):
            return False
        with self._connection.pipeline() as pipeline:
            pipeline.hset(key, mapping=_fields_of(document))
            pipeline.zadd(DOCUMENTS_KEY, {document.id: document.added_at})
            pipeline.execute()
        return True

    def get(self, document_id: str) -> Document | None:
        fields = cast("dict[bytes, bytes]", self._connection.hgetall(document_key(document_id)))
        return _document(document_id, fields)

    def list(self) -> list[Document]:
        """All documents, newest first; two round trips."""
        ids = [
            member.decode()
            for member in cast("list[bytes]", self._connection.zrevrange(DOCUMENTS_KEY, 0, -1))
        ]
        pipeline = self._connection.pipeline(transaction=False)
        for document_id in ids:
            pipeline.hgetall(document_key(document_id))
        replies = pipeline.execute() if ids else []
        entries = (_document(id_, fields) for id_, fields in zip(ids, replies, strict=True))
        return [entry for entry in entries if entry is not None]

    def update(self, document_id: str, **fields: Any) -> bool:
        """Change fields by name; False if the document was deleted meanwhile.

        `failure=None` clears the failure.
        """
        values = _plain(fields)
        arguments = [part for pair in values.items() for part in pair]
        return bool(self._update(keys=[document_key(document_id)], args=arguments))

    def delete(self, document_id: str) -> bool:
        """Remove an entry; False if there was none."""
        with self._connection.pipeline() as pipeline:
            pipeline.delete(document_key(document_id))
            pipeline.zrem(DOCUMENTS_KEY, document_id)
            deleted, _ = pipeline.execute()
        return bool(deleted)

    def index_state(self) -> IndexState:
        """Which collection answers, and how many documents there are; one round trip."""
        with self._connection.pipeline(transaction=False) as pipeline:
            pipeline.hgetall(INDEX_KEY)
            pipeline.zcard(DOCUMENTS_KEY)
            fields, documents = pipeline.execute()
        texts = {name.decode(): value.decode() for name, value in fields.items()}
        return IndexState(
            active=texts.get("active", ""),
            target=texts.get("target", ""),
            documents=documents,
            reindexed=int(texts.get("reindexed", 0)),
            reindex_job_id=texts.get("reindex_job_id", ""),
        )

    def set_index(self, **fields: str | int) -> None:
        """Change fields of the index state, all at once."""
        mapping: dict[FieldT, EncodableT] = {name: value for name, value in fields.items()}
        self._connection.hset(INDEX_KEY, mapping=mapping)

    def claim_samples(self) -> bool:
        """True for the first caller ever, if no document is there: it adds the samples."""
        if self._connection.zcard(DOCUMENTS_KEY):
            return False
        return bool(self._connection.hsetnx(INDEX_KEY, "samples", 1))


def _fields_of(document: Document) -> dict[FieldT, EncodableT]:
    names = [name for name in Document.__dataclass_fields__ if name != "id"]
    plain = _plain({name: getattr(document, name) for name in names})
    return {name: value for name, value in plain.items()}


def _plain(fields: dict[str, Any]) -> dict[str, str | int | float]:
    """Field values as Valkey stores them; a failure becomes three fields."""
    plain: dict[str, str | int | float] = {}
    for name, value in fields.items():
        if name == "failure":
            failure = value or Failure("", "")
            plain |= {
                "failure_kind": failure.kind,
                "failure_message": failure.message,
                "failure_command": failure.command,
            }
        else:
            plain[name] = value.value if isinstance(value, DocumentStatus) else value
    return plain


def _document(document_id: str, fields: dict[bytes, bytes]) -> Document | None:
    texts = {name.decode(): value.decode() for name, value in fields.items()}
    if "status" not in texts:
        return None  # none, or one that is being entered at this moment
    values: dict[str, Any] = {
        name: _NUMBERS.get(name, str)(texts[name])
        for name in Document.__dataclass_fields__
        if name in texts
    }
    values["status"] = DocumentStatus(texts["status"])
    if texts.get("failure_kind"):
        values["failure"] = Failure(
            texts["failure_kind"], texts["failure_message"], texts["failure_command"]
        )
    return Document(**{**values, "id": document_id})


def readable(documents: Iterable[Document]) -> list[Document]:
    """Those that are in an index, or on their way: all but the failed."""
    return [item for item in documents if item.status is not DocumentStatus.FAILED]
