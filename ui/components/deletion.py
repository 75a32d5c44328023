"""The dialogs that ask before something is deleted for good."""

from __future__ import annotations

from collections.abc import Callable

from jobs.batches import BatchClient
from jobs.documents import DocumentClient
from ui import batch_state, state
from ui.components.confirmation import Confirmation, ask_before
from ui.components.text import one_line, plain
from ui.identity import Person


def show_document_deletion(documents: DocumentClient, visitor: Person, document_id: str) -> None:
    """Ask whether a document shall go, and delete it if so."""

    def text() -> str:
        name = documents.get(document_id, visitor.user).name
        return (
            f"**{plain(name)}** goes from the list and the index. Answers already given keep the "
            "passages they cite."
        )

    def delete() -> None:
        documents.delete(visitor.user, document_id, is_operator=visitor.is_operator)

    _ask("Delete this document?", text, delete, lambda: state.set_document_to_delete(None))


def show_batch_deletion(batches: BatchClient, user: str, batch_id: str) -> None:
    """Ask whether a batch shall go, and delete it if so."""

    def text() -> str:
        batch = batches.get(user, batch_id)
        return (
            f"**{plain(one_line(batch.name, 80))}** goes with all {batch.rows:,} questions and "
            "their answers. Nobody can bring them back."
        )

    def delete() -> None:
        batches.delete(user, batch_id)
        batch_state.select(None)

    _ask("Delete this batch?", text, delete, lambda: batch_state.set_batch_to_delete(None))


def _ask(
    title: str, text: Callable[[], str], delete: Callable[[], None], close: Callable[[], None]
) -> None:
    ask_before(Confirmation(title, "Delete", ":material/delete:", "deletion", text, delete, close))
