"""The dialog that asks before a document is deleted."""

from __future__ import annotations

from jobs.documents.client import DocumentClient
from ui.components.common.deletion_dialog import ask_before_deletion
from ui.components.common.text import plain
from ui.identity.people import Person
from ui.state import documents as document_state


def show_document_deletion(documents: DocumentClient, visitor: Person, document_id: str) -> None:
    """Ask whether to delete a document, and delete it if so."""

    def text() -> str:
        name = documents.get(document_id, visitor.user).name
        return (
            f"**{plain(name)}** is removed from the list and the index. Answers already given keep "
            "the passages they cite."
        )

    def delete() -> None:
        documents.delete(visitor.user, document_id, is_operator=visitor.is_operator)

    ask_before_deletion(
        "Delete this document?", text, delete, lambda: document_state.ask_to_delete(None)
    )
