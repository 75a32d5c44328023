"""The private names of qdrant-client that the embedded index replaces."""

from __future__ import annotations

import inspect

from qdrant_client.local import bm25, payload_filters
from qdrant_client.local.persistence import CollectionPersistence


def test_qdrant_client_has_the_names_that_are_replaced() -> None:
    """BM25 calls the function by the name in its own module; a collection opens its table so."""
    assert callable(payload_filters.unindexed_text_tokens)
    assert "unindexed_text_tokens(" in inspect.getsource(bm25)
    assert "self._ensure_table()" in inspect.getsource(CollectionPersistence)
    assert "self.storage" in inspect.getsource(CollectionPersistence)
