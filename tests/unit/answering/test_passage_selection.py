"""Which passages a model is given."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.answering.passage_selection import (
    MAX_WHOLE_CHARS,
    MAX_WHOLE_PASSAGES,
    rest_of_short_document,
    without_doubles,
)
from jobs.models import Passage
from jobs.search.points import passage_id


def document(count: int, chars: int = 10) -> dict[str, Passage]:
    """The passages of a document, by id."""
    made = [
        Passage(passage_id("d", number), "d", "d.md", f"{number} " + "x" * chars, position=number)
        for number in range(count)
    ]
    return {each.id: each for each in made}


def rest(there: dict[str, Passage], *positions: int) -> list[int]:
    def read(ids: Sequence[str]) -> list[Passage]:
        return [there[each] for each in reversed(ids) if each in there]

    found = [there[passage_id("d", position)] for position in positions]
    return [each.position for each in rest_of_short_document(found, read)]


def test_copy_and_overlap_are_left_out() -> None:
    """The better of two stays; what two documents say alike stays too: which does may be asked."""
    whole = Passage("1", "a", "a.md", "The fee is 5.  It is due\nsoon.")
    part = Passage("2", "a", "a.md", "It is due soon.")
    copy = Passage("3", "b", "a.md", "The fee is 5. It is due soon.")
    other = Passage("4", "c", "c.md", "The fee is 5. It is due soon.")
    assert without_doubles([whole, part, copy, other]) == [whole, other]
    assert without_doubles([part, whole]) == [part, whole]


def test_short_document_is_given_whole() -> None:
    """What is missing follows in reading order, behind what was found."""
    assert rest(document(4), 2, 0) == [1, 3]


def test_longer_document_is_not() -> None:
    """By passages or by characters."""
    assert rest(document(MAX_WHOLE_PASSAGES + 1), 0) == []
    assert rest(document(2, MAX_WHOLE_CHARS), 0) == []
    assert rest({}) == []
