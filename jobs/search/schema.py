"""The names of collections, which say what a passage is stored with.

A collection belongs to one embedding model or to none, and to one schema. With a new schema, a new
version indexes all documents again, by itself.
"""

from __future__ import annotations

import hashlib
import re

# 2: terms as sparse vectors. The first, a text index over the passages, has no number.
SCHEMA = 2
_FIRST = "passages-"
_CURRENT = f"passages{SCHEMA}-"


def collection_of(model: str) -> str:
    """Return the collection of an embedding model; "" stands for keyword search alone."""
    return _CURRENT + _name_of(model)


def is_of_model(collection: str, model: str) -> bool:
    """Return whether a collection, of any schema, has the vectors of this model."""
    return collection.partition("-")[2] == _name_of(model)


def is_of_first_schema(collection: str) -> bool:
    """Return whether a collection was made by a version before there were numbers."""
    return collection.startswith(_FIRST)


def is_outdated(collection: str) -> bool:
    """Return whether a collection was made by a version with another schema."""
    return bool(collection) and not collection.startswith(_CURRENT)


def _name_of(model: str) -> str:
    if not model:
        return "keywords"
    slug = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")[:40]
    return f"{slug}-{hashlib.sha256(model.encode()).hexdigest()[:8]}"


KEYWORD_COLLECTION = collection_of("")
