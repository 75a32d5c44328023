"""Passages found by words and by meaning become one list."""

from __future__ import annotations

import pytest

from jobs.models import Passage
from jobs.search.fusion import MEANING_WEIGHT, fuse


def passages(**scores: float) -> list[Passage]:
    return [Passage(name, "d", "d.md", name, score=score) for name, score in scores.items()]


def ids(found: list[Passage]) -> list[str]:
    return [passage.id for passage in found]


def test_what_both_find_comes_first() -> None:
    """Good in both beats best in one; each is there once."""
    found = fuse(passages(words=9.0, both=8.0), passages(meaning=0.5, both=0.45, far=0.1))
    assert ids(found) == ["both", "words", "meaning", "far"]


def test_score_is_the_share_of_the_best_words_and_the_cosine() -> None:
    """Whatever BM25's scores are in this collection."""
    for scale in (0.1, 1.0, 50.0):
        found = fuse(passages(a=2 * scale, b=scale), passages(b=0.5, a=0.2))
        assert {each.id: each.score for each in found} == {
            "a": pytest.approx(1 + MEANING_WEIGHT * 0.2),
            "b": pytest.approx(0.5 + MEANING_WEIGHT * 0.5),
        }


def test_passage_without_a_vector_yet_is_not_put_behind_all() -> None:
    """The best of words keeps its place before those that words hardly find."""
    found = fuse(passages(fresh=9.0, old=1.0), passages(old=0.5, other=0.3))
    assert ids(found) == ["fresh", "old", "other"]


def test_one_of_both_may_find_nothing() -> None:
    """The order is then that of the other."""
    assert ids(fuse(passages(a=2.0, b=1.0), [])) == ["a", "b"]
    assert ids(fuse([], passages(a=0.9, b=0.1))) == ["a", "b"]
    assert fuse([], []) == []
