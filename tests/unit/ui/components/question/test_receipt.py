"""The receipt of an answer: which parts it has, and what it says to those who do not see it."""

from __future__ import annotations

import re

import pytest

from jobs.models import Answer, Timings
from ui.components.question.receipt import segments_of, timeline

FULL = Timings(
    queue=1.5,
    retrieval=0.1,
    first_token=0.8,
    total=12.5,
    generation=2.0,
    checking=0.1,
    earlier=3.0,
    retry_waits=5.0,
    rewriting=0.2,
)


def parts(timings: Timings) -> dict[str, float]:
    return {each.label: round(each.seconds, 3) for each in segments_of(timings)}


def test_parts_are_in_order_and_add_up_to_the_total() -> None:
    """Queue, attempts that came to nothing and the waits after them, then what the last one did."""
    assert list(parts(FULL).items()) == [
        ("In the queue", 1.5),
        ("Earlier attempts", 3.0),
        ("Waits between attempts", 5.0),
        ("Rewriting the question", 0.2),
        ("Search", 0.1),
        ("To the first word", 0.5),
        ("Writing", 2.0),
        ("Checking", 0.2),
    ]
    assert sum(parts(FULL).values()) == pytest.approx(FULL.total)


def test_parts_without_time_are_left_out() -> None:
    """Without an earlier attempt nothing is said of one, nor of a model that was not called."""
    timings = Timings(queue=0.2, retrieval=0.3, total=0.51)
    assert parts(timings) == {"In the queue": 0.2, "Search": 0.3, "Checking": 0.01}


def test_answer_of_before_still_has_its_writing() -> None:
    """Of an answer whose writing was not measured, it is what is left of the total."""
    old = {"queue": 0.012, "retrieval": 0.034, "first_token": 0.4, "total": 2.5}
    timings = Answer.from_dict({"text": "Yes.", "timings": old}).timings
    assert parts(timings)["Writing"] == pytest.approx(2.088)
    assert "Checking" not in parts(timings)


def test_timings_of_a_newer_version_are_read() -> None:
    """A field that is not known here is ignored, and one that is missing is zero."""
    timings = Timings.from_dict({"queue": 1.0, "thinking": 3.0})
    assert timings == Timings(queue=1.0)


def test_timeline_is_text_for_those_who_do_not_see_it() -> None:
    """The bar is hidden from screen readers; each part is an item of a list with a name."""
    html = timeline(segments_of(FULL), FULL.total)
    bar, _, words = html.partition("<ul")
    assert 'aria-hidden="true"' in bar
    assert 'aria-label="Where 12.5 s went"' in words
    items = [re.sub(r"<[^>]+>", "", item) for item in re.findall(r"<li.*?</li>", words)]
    assert items[0] == "In the queue 1.5 s"
    assert items[-1] == "Checking 200 ms"
    assert len(items) == bar.count("<span") == 8


def test_widths_are_in_proportion() -> None:
    """A part that took twice as long is twice as wide; the shortest can still be seen."""
    html = timeline(segments_of(FULL), FULL.total)
    assert "flex:1.500 1 0" in html
    assert "flex:3.000 1 0" in html
    assert html.count("min-width:4px") == 8
