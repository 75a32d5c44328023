"""What stands before and after a cited passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jobs.answering.citation_context import (
    CONTEXT_CHARS,
    read_surroundings,
    text_after,
    text_before,
)
from jobs.errors import IndexUnavailableError
from jobs.models import Passage
from jobs.search.points import passage_id


class Index:
    """The texts of one document's passages; `error` is raised instead, if set."""

    def __init__(self, *texts: str, error: Exception | None = None) -> None:
        self.stored = {passage_id("d1", number): text for number, text in enumerate(texts)}
        self.error = error
        self.reads = 0

    def texts(self, ids: Sequence[str], collection: str) -> Mapping[str, str]:
        self.reads += 1
        if self.error is not None:
            raise self.error
        return {id_: self.stored[id_] for id_ in ids if id_ in self.stored}


def passage(position: int, text: str) -> Passage:
    return Passage(passage_id("d1", position), "d1", "a.md", text, position=position)


def test_neighbours_of_all_passages_come_with_one_read() -> None:
    """Each passage has the text on both sides, none at the ends of the document."""
    index = Index("One.", "Two.", "Three.")
    found = read_surroundings(index, "c", [passage(0, "One."), passage(2, "Three.")])
    assert found == {passage_id("d1", 0): ("", "Two."), passage_id("d1", 2): ("Two.", "")}
    assert index.reads == 1


def test_index_that_is_away_costs_no_answer() -> None:
    """Without the index there is no context, and no error either."""
    assert read_surroundings(Index(error=IndexUnavailableError()), "c", [passage(1, "Two.")]) == {}


def test_overlap_is_not_shown_twice() -> None:
    """What two passages share belongs to the cited one."""
    assert text_before("shared end. The passage.", "Before. shared end.") == "Before."
    assert text_after("The passage. shared start.", "shared start. After.") == "After."


def test_long_neighbours_are_cut_at_a_word() -> None:
    """On each side as much is kept as one reads, in whole words."""
    long = " ".join(f"word{number}" for number in range(1000))
    before, after = text_before("x", long), text_after("x", long)
    assert before.startswith("…word")
    assert before.endswith("word999")
    assert after.startswith("word0 ")
    assert after.endswith("…")
    assert after[:-1].rpartition(" ")[2] in long.split()
    assert max(len(before), len(after)) <= CONTEXT_CHARS + 1
