"""Reads the reply of an embedding server: a vector for each text, in the order of the texts."""

from __future__ import annotations

import base64
import math
from array import array
from collections.abc import Sequence
from typing import Any

from jobs.errors import BadModelRequestError
from jobs.llm.errors import not_openai
from jobs.llm.server_message import message_of


class UnreadableVectorError(ValueError):
    """A vector in another form than was asked for."""


def read_vectors(reply: Any, count: int) -> list[array[float]]:
    """Return one vector for each of so many texts, as arrays of 32-bit floats.

    Raises UnreadableVectorError for a vector that is neither numbers nor Base64, and
    BadModelRequestError for a reply that is none, and for vectors that nothing can be found by.
    """
    data = reply.get("data") if isinstance(reply, dict) else None
    if not data and isinstance(reply, dict) and (error := reply.get("error")):
        # With the status 200.
        words = message_of(error).words
        raise BadModelRequestError(f"The embedding server rejected the request: {words}")
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data) or not data:
        raise not_openai()
    vectors = [_vector(item.get("embedding")) for item in _ordered(data)]
    if len(vectors) != count:
        raise BadModelRequestError(
            f"The embedding server returned {len(vectors)} vectors for {count} texts. Update it, "
            "or change EMBEDDING_MODEL."
        )
    return vectors


def _ordered(data: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """Sort by index, where each has one of its own; some servers leave out 0, or all of them."""
    indexes = [item.get("index", position) for position, item in enumerate(data)]
    if sorted(map(str, indexes)) != sorted(map(str, range(len(data)))):
        return data
    return [item for _, item in sorted(zip(map(int, indexes), data, strict=True), key=_first)]


def _first(pair: tuple[int, object]) -> int:
    return pair[0]


def _vector(embedding: object) -> array[float]:
    vector = array("f")
    try:
        if isinstance(embedding, list):
            vector.fromlist(embedding)
        elif isinstance(embedding, str) and embedding:
            vector.frombytes(base64.b64decode(embedding, validate=True))
        else:
            raise UnreadableVectorError("neither numbers nor Base64")
    except (TypeError, ValueError, OverflowError) as error:
        raise UnreadableVectorError("neither numbers nor Base64") from error
    if not math.isfinite(sum(vector)) or not any(vector):
        raise BadModelRequestError(
            "The embedding model gave a vector without usable numbers (zeros or NaN). Update its "
            "server, or change EMBEDDING_MODEL."
        )
    return vector
