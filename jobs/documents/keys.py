"""The keys of documents in Valkey."""

from __future__ import annotations

from jobs.documents.ids import owner_part
from jobs.queue.keys import PREFIX

# How the keys of entries in the register begin, of shared and of private documents.
ENTRY, PRIVATE_ENTRY = PREFIX + "document:", PREFIX + "private:"


def document_key(document_id: str) -> str:
    """Hash: the register's entry of one document.

    Those of private ones are apart: who does not know of them finds none.
    """
    return f"{PRIVATE_ENTRY if owner_part(document_id) else ENTRY}{document_id}"


def own_documents_key(owner: str) -> str:
    """Sorted set: the ids of one owner's private documents, by the time they were last added.

    The owner is given as `jobs.documents.ids.owner_digest`. `PRIVATE_DOCUMENTS_KEY` has those of
    all.
    """
    return f"{PREFIX}documents:of:{owner}"
