"""Names that tell documents apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from jobs.models import Document


def names_of(documents: Sequence[Document]) -> dict[str, str]:
    """Return a name for each document by id; shared names get the beginning of the id added."""
    count = Counter(document.name for document in documents)
    return {
        document.id: document.name
        if count[document.name] == 1
        else f"{document.name} ({document.id[:8]})"
        for document in documents
    }
