"""The question sets of the installation."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from jobs.question_sets.models import QuestionSet
from ui.components.common.text import ago, counted, one_line, plain
from ui.state import question_sets as set_state


def show_sets(sets: Sequence[QuestionSet]) -> None:
    """Show all sets, the newest first; a click opens one."""
    if not sets:
        st.info(
            "There is no question set yet. Upload questions whose answers you know, run them "
            "before you change the model, the prompt or the documents, and again after: then you "
            "see what got better and what got worse.",
            icon=":material/checklist:",
        )
        return
    st.header("Sets", anchor=False)
    for each in sets:
        with st.container(border=True, gap="xsmall", key=f"set_{each.id}"):
            st.button(
                f"**{plain(one_line(each.name, 60))}**",
                key=f"set_open_{each.id}",
                type="tertiary",
                help="Open this set",
                on_click=set_state.select,
                args=(each.id,),
            )
            st.caption(f"{facts(each)} · added {ago(each.made_at)}")


def facts(found: QuestionSet) -> str:
    """Return how many questions a set has, and what is expected of their answers."""
    unknown = found.questions - found.evidence - found.refusals
    parts = [
        (found.evidence, "with a place in the documents"),
        (found.refusals, "not in the documents"),
        (unknown, "where nobody has said what is right"),
    ]
    kinds = ", ".join(f"{count:,} {words}" for count, words in parts if count)
    return f"{counted(found.questions, 'question')}: {kinds}"
