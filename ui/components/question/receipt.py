"""The receipt of an answer: where its time went, as a timeline, and what it used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from jobs.models import Answer, Timings
from ui.components.common.text import counted, duration, plain
from ui.components.question.searched import show_parts

# Each has a contrast of at least 3 to the backgrounds of both themes (WCAG, graphical objects).
QUEUE, EARLIER, PAUSE, REWRITING = "#7b8794", "#d0524a", "#c07a12", "#c2559b"
SEARCH, MODEL, WRITING, REST = "#3f83c9", "#8f6fd6", "#1d8f86", "#8a8a1f"
LEAST_SECONDS = 0.0005


@dataclass(frozen=True)
class Segment:
    """A part of the time that an answer took."""

    label: str
    seconds: float
    color: str


def show_receipt(job_id: str, answer: Answer) -> None:
    """Show what the answer took on one line, which opens to a timeline."""
    label = f":small[:material/timer: {_facts(answer)}]"
    with st.expander(label, key=f"receipt_{job_id}", type="compact"):
        st.html(timeline(segments_of(answer.timings), answer.timings.total))
        show_parts(answer.searched.parts)
        if answer.searched.also:
            st.caption(
                f":material/dictionary: Also searched: {plain('; '.join(answer.searched.also))}"
            )


def segments_of(timings: Timings) -> tuple[Segment, ...]:
    """Return the parts in order of time, without those that took none.

    The last is the rest of the total. Answers from before `generation` was measured have their
    writing there.
    """
    first = timings.first_token
    segments = [
        Segment("In the queue", timings.queue, QUEUE),
        Segment("Earlier attempts", timings.earlier, EARLIER),
        Segment("Waits between attempts", timings.retry_waits, PAUSE),
        Segment("Rewriting the question", timings.rewriting, REWRITING),
        Segment("Search", timings.retrieval, SEARCH),
        Segment("To the first word", (first or 0.0) - timings.retrieval - timings.rewriting, MODEL),
        Segment("Writing", timings.generation, WRITING),
    ]
    rest = timings.total - sum(max(0.0, each.seconds) for each in segments)
    is_old = first is not None and not timings.generation and not timings.checking
    segments.append(
        Segment("Writing", rest, WRITING) if is_old else Segment("Checking", rest, REST)
    )
    return tuple(each for each in segments if each.seconds >= LEAST_SECONDS)


def timeline(segments: Sequence[Segment], total: float) -> str:
    """Return the bar as HTML, and below it each part with its name and time, for every reader."""
    parts = "".join(
        f'<span title="{_tooltip(each)}" style="flex:{max(each.seconds, 0.001):.3f} 1 0;'
        f'min-width:4px;background:{each.color}"></span>'
        for each in segments
    )
    names = "".join(
        '<li style="display:flex;align-items:center;gap:.4em;margin:0;padding:0;font-size:.85rem">'
        f'<span aria-hidden="true" style="width:.65em;height:.65em;border-radius:2px;flex:none;'
        f'background:{each.color}"></span>'
        f"<span>{escape(each.label)} <b>{duration(each.seconds)}</b></span></li>"
        for each in segments
    )
    return (
        '<div style="line-height:1.5">'
        '<div aria-hidden="true" style="display:flex;gap:2px;height:.65rem;border-radius:4px;'
        f'overflow:hidden;margin:.15rem 0 .5rem">{parts}</div>'
        f'<ul aria-label="Where {duration(total)} went" style="display:flex;flex-wrap:wrap;'
        f'gap:.1rem 1.1rem;list-style:none;margin:0;padding:0">{names}</ul></div>'
    )


def _tooltip(segment: Segment) -> str:
    return escape(f"{segment.label}: {duration(segment.seconds)}", quote=True)


def _facts(answer: Answer) -> str:
    """Return what the answer took, on one line."""
    timings, tokens = answer.timings, answer.tokens
    facts = [f"{duration(timings.total)} in total"]
    if answer.earlier_at is not None:
        facts.append("from an earlier answer")
    if timings.first_token is not None:
        facts.append(f"first word {duration(timings.first_token)}")
    if tokens.prompt or tokens.completion:
        facts.append(f"{tokens.prompt:,} + {tokens.completion:,} tokens")
    if answer.model and not answer.extractive:
        facts.append(plain(answer.model))
    if answer.attempts > 1:
        facts.append(counted(answer.attempts, "attempt"))
    if answer.removed_markers:
        facts.append(f"{counted(answer.removed_markers, 'invalid citation')} removed")
    return " · ".join(facts)
