"""BM25 as a sparse vector of terms, which every engine of Qdrant compares alike.

A passage has the part of BM25 that depends on it alone, a question the weights of its terms; the
engine multiplies with how rare a term is (`Modifier.IDF`). Robertson and Zaragoza, “The
Probabilistic Relevance Framework: BM25 and Beyond”, 2009, equation 3.15.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from jobs.search.analysis import counts_in_length

# How much a term that stands there often counts, and how much a long passage is marked down: the
# defaults of Lucene and of Qdrant's own BM25.
K1, B = 1.2, 0.75
# The mean is taken as fixed: with the true one, each new passage would change all others.
MEAN_TERMS = 150


class SparseVector(NamedTuple):
    """Numbers of terms, each once, and the value of each."""

    indices: list[int]
    values: list[float]


def passage_vector(terms: Sequence[str]) -> SparseVector:
    """Return the vector of a passage with these terms, each as often as it stands there."""
    length = sum(map(counts_in_length, terms))
    discount = K1 * (1 - B + B * length / MEAN_TERMS)
    counts = Counter(terms)
    return _sparse({term: many * (K1 + 1) / (many + discount) for term, many in counts.items()})


def question_vector(weights: Mapping[str, float]) -> SparseVector:
    """Return the vector of a question with these terms."""
    return _sparse(weights)


def _sparse(values: Mapping[str, float]) -> SparseVector:
    numbers: dict[int, float] = {}
    for term, value in values.items():
        number = number_of(term)
        # Two terms with one number are as one: among 100,000 terms, one pair or two.
        numbers[number] = numbers.get(number, 0.0) + value
    return SparseVector([*numbers], [*numbers.values()])


def number_of(term: str) -> int:
    """Return the number of a term, from 0 to 2³² - 1: the same in every process and version."""
    return zlib.crc32(term.encode(errors="surrogatepass"))
