"""Two versions of a question side by side: what differs in their words and in what they cite."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from jobs.models import Answer, Citation, JobView
from jobs.questions.client import JobClient
from ui.components.common.looks import JOB_LOOKS
from ui.components.common.reporting import showing_errors
from ui.components.common.text import ago, counted, one_line, plain
from ui.components.question.citations import label_of
from ui.components.question.word_diff import (
    Run,
    answer_runs,
    compare_sources,
    without_markup,
    word_runs,
)
from ui.state import thread as thread_state
from ui.state.thread import SIDES, Side

OPTION_CHARS = 60
EXCERPT_CHARS = 90
# Translucent, for light and dark themes; the line tells them apart without colour.
STYLES: dict[Side, str] = {
    "left": "background:#ef444433;text-decoration:line-through;text-decoration-thickness:1px",
    "right": "background:#22a55a40;text-decoration:underline;text-decoration-thickness:2px;"
    "text-underline-offset:.15em",
}
LABELS: dict[Side, str] = {"left": "One version", "right": "The other version"}
TAGS: dict[Side, str] = {"left": "del", "right": "ins"}
HIDDEN = (
    "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap"
)
TEXT = "white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.65"


def show_comparison(jobs: JobClient, user: str) -> None:
    """Compare the versions of the question that this was asked for, if there is one."""
    job_id = thread_state.compared_job.get()
    if job_id is None:
        return

    @st.dialog(
        "Compare versions",
        icon=":material/compare_arrows:",
        width="large",
        on_dismiss=lambda: thread_state.compare(None),
    )
    def show() -> None:
        with showing_errors():
            _show(jobs, user, jobs.get_job(user, job_id))

    show()


def _show(jobs: JobClient, user: str, job: JobView) -> None:
    versions = jobs.list_versions(user, job)
    if len(versions) < 2:
        st.info("The other versions were deleted, so there is nothing left to compare.")
        return
    place = max(1, next(at for at, each in enumerate(versions) if each.id == job.id))
    columns = st.columns(2, gap="medium")
    numbers = []
    for side, column, first in zip(SIDES, columns, (place - 1, place), strict=True):
        with column:
            numbers.append(_choose(side, versions, first))
    left, right = (versions[number] for number in numbers)
    one, other = (jobs.get_answer(user, each.id) for each in (left, right))
    questions = word_runs(left.asked.text, right.asked.text)
    texts = answer_runs(one, other) if one and other else (_unmarked(one), _unmarked(other))
    for side, column, version, answer, words in zip(
        SIDES,
        columns,
        (left, right),
        (one, other),
        ((questions[0], texts[0]), (questions[1], texts[1])),
        strict=True,
    ):
        with column:
            st.caption(_facts(version, answer))
            _show_version(side, version, *words, number=versions.index(version) + 1)
    st.caption(_legend(numbers, [*questions, *texts]))
    if one and other and left != right:
        _show_sources(one, other, numbers)


def _choose(side: Side, versions: Sequence[JobView], first: int) -> int:
    """Let one of the versions be chosen; return its place."""
    ids = [each.id for each in versions]
    thread_state.choose_at_first(side, ids, ids[first])
    chosen = st.selectbox(
        LABELS[side],
        ids,
        format_func=lambda job_id: _name(ids.index(job_id), versions[ids.index(job_id)]),
        key=thread_state.compare_key(side),
    )
    return ids.index(chosen or ids[first])


def _name(place: int, job: JobView) -> str:
    return f"{place + 1} · {ago(job.asked_at)} · {one_line(job.asked.text, OPTION_CHARS)}"


def _legend(numbers: Sequence[int], texts: Sequence[Sequence[Run]]) -> str:
    left, right = (number + 1 for number in numbers)
    if left == right:
        return "This is the same version twice. Choose another one on one side."
    if not any(run.differs for text in texts for run in text):
        return "Both say the same, word for word."
    return f"Struck through: only in version {left}. Underlined: only in version {right}."


def _facts(job: JobView, answer: Answer | None) -> str:
    """Return how many documents were asked and which model answered, on one line."""
    chosen = len(job.asked.documents)
    scope = f"Of {counted(chosen, 'document')}" if chosen else "Of all documents"
    model = answer.model if answer else job.asked.model
    return f"{scope} · {plain(model)}" if model else scope


def _unmarked(answer: Answer | None) -> list[Run]:
    return [Run(without_markup(answer.text), differs=False)] if answer else []


def _show_version(
    side: Side, job: JobView, question: Sequence[Run], text: Sequence[Run], *, number: int
) -> None:
    heading = marked(question, side, number)
    st.html(f'<p style="{TEXT};font-weight:600;margin:0">{heading}</p>')
    if text:
        st.html(f'<div style="{TEXT}">{marked(text, side, number)}</div>')
        return
    look = JOB_LOOKS[job.state]
    st.badge(look.label, icon=look.icon, color=look.color)
    st.caption(plain(job.failure.message) if job.failure else "This version has no answer.")


def marked(runs: Sequence[Run], side: Side, number: int) -> str:
    """Return the text as HTML that marks what the other side lacks, for screen readers too."""
    parts = []
    for run in runs:
        words = run.text.lstrip()
        space = escape(run.text[: len(run.text) - len(words)])
        if run.differs and words:
            start = f'<span style="{HIDDEN}"> [only in version {number}: </span>'
            end = f'<span style="{HIDDEN}">] </span>'
            tag = f'<{TAGS[side]} style="{STYLES[side]}">{escape(words)}</{TAGS[side]}>'
            parts.append(f"{space}{start}{tag}{end}")
        else:
            parts.append(space + escape(words))
    return "".join(parts)


def _show_sources(one: Answer, other: Answer, numbers: Sequence[int]) -> None:
    sources = compare_sources(one, other)
    left, right = (number + 1 for number in numbers)
    groups = (
        ("Sources that both cite", ":material/done_all:", sources.both),
        (f"Only version {left} cites", ":material/remove:", sources.only_one),
        (f"Only version {right} cites", ":material/add:", sources.only_other),
    )
    st.divider()
    for column, (title, icon, citations) in zip(st.columns(3), groups, strict=True):
        with column:
            st.markdown(f"{icon} **{title}**")
            _list(citations)


def _list(citations: Sequence[Citation]) -> None:
    if citations:
        for each in citations:
            # Several passages of one document may be cited: their words tell them apart.
            words = plain(one_line(each.text, EXCERPT_CHARS))
            st.markdown(f"{label_of(each)}  \n:gray[:small[{words}]]")
    else:
        st.caption("None")
