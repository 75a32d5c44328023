"""One question set: what can be done with it, and its runs."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from jobs.errors import AskqueueError
from jobs.question_sets.client import QuestionSets
from jobs.question_sets.models import QuestionSet, Run, RunProgress
from jobs.settings import Settings
from ui.components.common.download_link import show_download_link
from ui.components.common.errors import show_failure
from ui.components.common.reporting import reporting
from ui.components.common.text import ago, counted, duration, plain
from ui.state import question_sets as set_state
from ui.state import refresh as refresh_state


def show_actions(sets: QuestionSets, user: str, found: QuestionSet, settings: Settings) -> None:
    """Show what can be done with a set: run it, download it, delete it."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="set_actions"):
        if settings.has_chat_model and len(settings.offered_models) > 1:
            st.selectbox("Model", settings.offered_models, key=set_state.MODEL, width=240)
        st.button(
            f"Run {counted(found.questions, 'question')}",
            icon=":material/play_arrow:",
            key="set_run",
            type="primary",
            help="Asks all of them as a batch, of the documents that everyone can see",
            on_click=_run,
            args=(sets, user, found.id),
        )
        show_download_link(
            "Download questions",
            f"/operator/question-sets/{found.id}/questions",
            {"format": "csv"},
            icon=":material/download:",
            key="set_download",
            help_text="As CSV, to be changed and uploaded again",
        )
        st.button(
            "Delete",
            icon=":material/delete:",
            key="set_delete",
            help="Delete this set with its runs",
            on_click=set_state.ask_to_delete,
            args=(found.id,),
        )
    failure = set_state.failure.get()
    if failure:
        show_failure(failure)


def show_runs(sets: QuestionSets, set_id: str, runs: Sequence[RunProgress]) -> None:
    """Show the runs, the newest first: how far one is, or what came of it."""
    if not runs:
        st.info(
            "It was not run yet. Run it before you change the model, the prompt or the documents, "
            "and again after: the two runs then stand side by side.",
            icon=":material/play_circle:",
        )
        return
    st.header("Runs", anchor=False)
    for progress in runs:
        with st.container(border=True, gap="xsmall", key=f"set_run_{progress.run.id}"):
            _show_run(sets, set_id, progress)


def _show_run(sets: QuestionSets, set_id: str, progress: RunProgress) -> None:
    run = progress.run
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(name_of(run))}** · {ago(run.started_at)}", width="content")
        st.space("stretch")
        if not run.is_over:
            st.button(
                "Stop",
                icon=":material/stop:",
                key=f"set_stop_{run.id}",
                type="tertiary",
                help="Ask no more questions; what was answered is kept",
                on_click=_stop,
                args=(sets, set_id, run.id),
            )
        st.button(
            "Delete this run",
            icon=":material/delete:",
            key=f"delete_run_{run.id}",
            type="tertiary",
            help="Delete this run",
            on_click=set_state.ask_to_delete,
            args=(set_id, run.id),
        )
    if run.is_over:
        st.markdown(summary(run))
        return
    share = progress.over / max(progress.questions, 1)
    st.progress(share, f"{progress.over:,} of {progress.questions:,} done")


def name_of(run: Run) -> str:
    """Return a name of a run, another one for each run of a set."""
    return f"Run {run.number}, {run.model or 'without a model'}"


def summary(run: Run) -> str:
    """Return what came of a run that is over."""
    parts = []
    if run.evidence:
        parts += [
            f"cites the right place in **{run.cited:,} of {run.evidence:,}**",
            f"was given it in {run.found:,}",
            f"refused wrongly {run.refused_wrongly:,}",
        ]
    if run.refusals:
        parts.append(f"refused rightly **{run.refused_rightly:,} of {run.refusals:,}**")
    if run.failed:
        parts.append(f":red[{run.failed:,} without an answer]")
    if run.answered:
        parts.append(f"{duration(run.seconds)} an answer")
    if run.prompt_tokens:
        parts.append(f"{run.prompt_tokens + run.completion_tokens:,} tokens")
    return " · ".join(parts)


def _run(sets: QuestionSets, user: str, set_id: str) -> None:
    try:
        sets.start(set_id, user, str(st.session_state.get(set_state.MODEL) or ""))
    except AskqueueError as error:
        set_state.failure.set(error.failure)
    else:
        set_state.failure.clear()
    refresh_state.request_redraw()


def _stop(sets: QuestionSets, set_id: str, run_id: str) -> None:
    with reporting():
        sets.stop(set_id, run_id)
    refresh_state.request_redraw()
