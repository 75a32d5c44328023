"""How a passage is stored as a point of Qdrant, by whichever engine."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from jobs.models import Passage
from jobs.search.engine import Entry

# The vectors of a passage, and the fields of its payload that are searched or filtered by.
WORDS = "words"
DENSE = "dense"
TEXT = "text"
DOCUMENT_ID = "document_id"
# Private passages have it. Those without it are shared, as are all that were stored by versions
# without private documents.
OWNER = "owner"
PLACE_FIELDS = ("place", "section", "ocr_confidence")


def passage_id(document_id: str, position: int) -> str:
    """Return the id of a passage: the same content indexed again gets the same ids."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{document_id}:{position}"))


def payload_of(entry: Entry) -> dict[str, Any]:
    """Return what is stored of a passage beside its vectors."""
    passage = entry.passage
    return {
        DOCUMENT_ID: passage.document_id,
        "document_name": passage.document_name,
        TEXT: passage.text,
        "page": passage.page,
        "last_page": passage.last_page,
        "position": passage.position,
        # What does not say anything takes no space.
        **{name: value for name in PLACE_FIELDS if (value := getattr(passage, name))},
        **({OWNER: entry.owner} if entry.owner else {}),
    }


def passage_of(point_id: object, payload: Mapping[str, Any], score: float) -> Passage:
    """Return the passage of a point that a search found."""
    return Passage(
        id=str(point_id),
        document_id=payload[DOCUMENT_ID],
        document_name=payload["document_name"],
        text=payload[TEXT],
        page=payload.get("page"),
        last_page=payload.get("last_page"),
        position=payload.get("position", 0),
        score=score,
        **{name: payload[name] for name in PLACE_FIELDS if name in payload},
    )
