"""BM25 as sparse vectors."""

from __future__ import annotations

import pytest

from jobs.search.sparse import K1, MEAN_TERMS, B, number_of, passage_vector, question_vector


def test_numbers_of_terms_stay_as_they_are() -> None:
    """Passages are stored with them: other numbers would find nothing of what is there."""
    assert [number_of(term) for term in ("hotel", "预算", "")] == [55795417, 437737430, 0]
    assert 0 <= number_of("\ud800") < 2**32


def test_passage_has_each_term_once_with_its_weight() -> None:
    """More often counts more, but ever less; a long passage counts less."""
    vector = passage_vector(["tax", "tax", "rate"])
    assert sorted(vector.indices) == sorted([number_of("tax"), number_of("rate")])
    weight = dict(zip(vector.indices, vector.values, strict=True))
    discount = K1 * (1 - B + B * 3 / MEAN_TERMS)
    assert weight[number_of("tax")] == pytest.approx(2 * (K1 + 1) / (2 + discount))
    [long] = passage_vector(["tax"] * 1000).values
    assert long < K1 + 1
    [one] = passage_vector(["tax"]).values
    assert one > passage_vector(["tax", *map(str.lower, ["rate"] * 300)]).values[0]


def test_numbers_make_no_passage_long() -> None:
    """A table with a hundred figures is as good an answer as a sentence."""
    [alone] = passage_vector(["tax"]).values
    assert passage_vector(["tax", *(f"#{number}" for number in range(100))]).values[
        0
    ] == pytest.approx(alone)


def test_terms_that_share_a_number_count_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine refuses a vector that has a number twice."""
    monkeypatch.setattr("jobs.search.sparse.number_of", lambda term: 7)
    assert question_vector({"hotel": 1.0, "night": 0.5}) == ([7], [1.5])
