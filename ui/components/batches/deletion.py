"""The dialog that asks before a batch is deleted."""

from __future__ import annotations

from jobs.batches.client import BatchClient
from ui.components.common.deletion_dialog import ask_before_deletion
from ui.components.common.text import counted, one_line, plain
from ui.state import batch as batch_state


def show_batch_deletion(batches: BatchClient, user: str, batch_id: str) -> None:
    """Ask whether to delete a batch, and delete it if so."""

    def text() -> str:
        batch = batches.get(user, batch_id)
        return (
            f"**{plain(one_line(batch.name, 80))}** is deleted with its "
            f"{counted(batch.rows, 'question')} and all answers. This cannot be undone."
        )

    def delete() -> None:
        batches.delete(user, batch_id)
        batch_state.select(None)

    ask_before_deletion("Delete this batch?", text, delete, lambda: batch_state.ask_to_delete(None))
