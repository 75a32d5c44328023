"""Whose a document is, as its id says it: everybody's, or one owner's alone.

The id is of the content, and of the owner where there is one. So the same file of two owners, or
shared and private, is as many documents, each with its own entry, file and passages.
"""

from __future__ import annotations

import hashlib
import re

_PRIVATE = re.compile(r"[0-9a-f]{64}-([0-9a-f]{32})")


def document_id_of(data: bytes, owner: str = "") -> str:
    """Return the id of a document: of a shared one the SHA-256 of its content, in hex.

    Of a private one it tells neither its content nor its owner to who knows neither.
    """
    content = hashlib.sha256(data)
    if not owner:
        return content.hexdigest()
    own = hashlib.sha256(content.digest() + owner.encode()).hexdigest()
    return f"{own}-{owner_digest(owner)}"


def owner_digest(owner: str) -> str:
    """Return the owner's part of the ids of private documents: 128 bits of a SHA-256, in hex."""
    return hashlib.sha256(b"owner\n" + owner.encode()).hexdigest()[:32]


def owner_part(document_id: str) -> str:
    """Return the owner's part of an id; "" for a shared document."""
    found = _PRIVATE.fullmatch(document_id)
    return found[1] if found else ""


def is_visible(document_id: str, user: str) -> bool:
    """Return whether a document is shared, or this user's own; "" sees only shared ones."""
    part = owner_part(document_id)
    return not part or (bool(user) and part == owner_digest(user))
