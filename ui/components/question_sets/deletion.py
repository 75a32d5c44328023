"""The dialog that asks before a question set, or a run of one, is deleted."""

from __future__ import annotations

from jobs.question_sets.client import QuestionSets
from ui.components.common.deletion_dialog import ask_before_deletion
from ui.components.common.text import counted, plain
from ui.components.question_sets.runs import name_of
from ui.state import question_sets as set_state


def show_set_deletion(sets: QuestionSets, set_id: str, run_id: str) -> None:
    """Ask whether to delete a set or, with its id, a run; delete it if so."""

    def text() -> str:
        if run_id:
            run = sets.get_run(set_id, run_id)
            return f"**{plain(name_of(run))}** is deleted with its answers. {FOR_GOOD}"
        found, runs = sets.get(set_id), sets.list_runs(set_id)
        return (
            f"**{plain(found.name)}** is deleted with its {counted(found.questions, 'question')} "
            f"and {counted(len(runs), 'run')}. {FOR_GOOD}"
        )

    def delete() -> None:
        if run_id:
            sets.delete_run(set_id, run_id)
        else:
            sets.delete(set_id)
            set_state.select(None)

    title = "Delete this run?" if run_id else "Delete this question set?"
    ask_before_deletion(title, text, delete, lambda: set_state.ask_to_delete(None))


FOR_GOOD = "This cannot be undone."
