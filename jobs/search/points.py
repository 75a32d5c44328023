"""How a passage is stored as a point of Qdrant, and the filters that select points."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from qdrant_client import models

from jobs.models import Passage

# The vector of a passage, and the fields of its payload that are searched or filtered by.
DENSE = "dense"
TEXT = "text"
DOCUMENT_ID = "document_id"
# Private passages have it. Those without it are shared, as are all that were stored by versions
# without private documents.
OWNER = "owner"


def passage_id(document_id: str, position: int) -> str:
    """Return the id of a passage: the same content indexed again gets the same ids."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{document_id}:{position}"))


def to_point(
    passage: Passage, vector: Sequence[float] | None, owner: str = ""
) -> models.PointStruct:
    """Return the point of a passage, without a vector if it is None, private if it has an owner."""
    return models.PointStruct(
        id=passage.id,
        vector={DENSE: list(vector)} if vector is not None else {},
        payload={
            DOCUMENT_ID: passage.document_id,
            "document_name": passage.document_name,
            TEXT: passage.text,
            "page": passage.page,
            "last_page": passage.last_page,
            "position": passage.position,
            **({OWNER: owner} if owner else {}),
        },
    )


def to_passage(point: models.ScoredPoint) -> Passage:
    """Return the passage of a point that a search found."""
    payload = point.payload or {}
    return Passage(
        id=str(point.id),
        document_id=payload[DOCUMENT_ID],
        document_name=payload["document_name"],
        text=payload[TEXT],
        page=payload.get("page"),
        last_page=payload.get("last_page"),
        position=payload.get("position", 0),
        score=point.score,
    )


def of_document(document_id: str) -> models.Filter:
    """Select the passages of one document."""
    match = models.MatchValue(value=document_id)
    return models.Filter(must=[models.FieldCondition(key=DOCUMENT_ID, match=match)])


def visible_to(user: str, document_ids: Sequence[str]) -> models.Filter:
    """Select what a user may find: shared passages and their own, of these documents or of all.

    "" is nobody, who finds shared passages only.
    """
    readable: list[models.Condition] = [
        models.IsEmptyCondition(is_empty=models.PayloadField(key=OWNER)),
    ]
    if user:
        match = models.MatchValue(value=user)
        readable.append(models.FieldCondition(key=OWNER, match=match))
    conditions: list[models.Condition] = [models.Filter(should=readable)]
    if document_ids:
        chosen = models.MatchAny(any=list(document_ids))
        conditions.append(models.FieldCondition(key=DOCUMENT_ID, match=chosen))
    return models.Filter(must=conditions)
