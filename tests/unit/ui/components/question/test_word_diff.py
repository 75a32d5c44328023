"""What differs between two answers: words, markers, sources."""

from __future__ import annotations

import pytest

from jobs.models import Answer, Citation
from ui.components.question.compare_versions import marked
from ui.components.question.word_diff import (
    Run,
    answer_runs,
    compare_sources,
    without_markup,
    word_runs,
)


def cited(text: str, *passages: str) -> Answer:
    """An answer that cites these passages as [1], [2] …"""
    citations = (
        Citation(number, "d", "travel.md", passage, "text")
        for number, passage in enumerate(passages, start=1)
    )
    return Answer(text, tuple(citations))


def differing(runs: list[Run]) -> list[str]:
    return [run.text.strip() for run in runs if run.differs]


@pytest.mark.parametrize(
    ("one", "other", "only_one", "only_other"),
    [
        ("The limit is EUR 160.", "The limit is EUR 180.", ["160"], ["180"]),
        ("It needs written approval.", "It needs approval.", ["written"], []),
        ("A 1.5% rate", "A 1.6% rate", ["1.5"], ["1.6"]),
        ("One\n\ntwo  three", "One two three", [], []),
        ("", "New words", [], ["New words"]),
        ("Größe in cm", "Größe in mm", ["cm"], ["mm"]),
    ],
)
def test_words_that_the_other_lacks_are_told(
    one: str, other: str, only_one: list[str], only_other: list[str]
) -> None:
    """Whole words and figures, whatever the white space between them."""
    left, right = word_runs(one, other)
    assert (differing(left), differing(right)) == (only_one, only_other)


@pytest.mark.parametrize("length", [50, 1600])
def test_runs_joined_are_the_text(length: int) -> None:
    """No word, space or line break is lost, and a small change in a long text stays small."""
    one = "\n".join(f"word {number} stays, as it is.  " for number in range(length))
    other = one.replace("word 7 stays", "word 7 goes")
    left, right = word_runs(one, other)
    assert "".join(run.text for run in left) == one
    assert "".join(run.text for run in right) == other
    assert (differing(left), differing(right)) == (["stays"], ["goes"])


def test_markers_are_compared_by_what_they_cite() -> None:
    """Another number of the same passage is no difference; the same number of another one is."""
    one = cited("It is 160 [1]. Breakfast is paid [2].", "hotel", "meals")
    other = cited("It is 160 [2]. Breakfast is paid [1].", "rates", "hotel")
    left, right = answer_runs(one, other)
    assert (differing(left), differing(right)) == (["[2]"], ["[1]"])


def test_sources_are_both_or_of_one() -> None:
    """Each in the order of its numbers."""
    one, other = cited("x", "a", "b", "c"), cited("x", "c", "d", "a")
    sources = compare_sources(one, other)
    assert [each.passage_id for each in sources.both] == ["a", "c"]
    assert [each.passage_id for each in sources.only_one] == ["b"]
    assert [each.passage_id for each in sources.only_other] == ["d"]


def test_markup_is_no_difference() -> None:
    """Bold words and headings are the words they are; the sign of a list stays."""
    assert without_markup("# Title\n- **160** and `code` * 2") == "Title\n- 160 and code * 2"


def test_marks_are_told_without_colour_and_to_screen_readers() -> None:
    """What one alone has is deleted or inserted text; an answer brings no HTML of its own."""
    runs = [Run("It is <b>", differs=False), Run(" 160 & more", differs=True)]
    left, right = marked(runs, "left", 1), marked(runs, "right", 3)
    assert left.startswith("It is &lt;b&gt; <span")
    assert "only in version 1: " in left
    assert "only in version 3: " in right
    assert "line-through" in left
    assert left.count(">160 &amp; more</del>") == 1
    assert "underline" in right
    assert right.count(">160 &amp; more</ins>") == 1
