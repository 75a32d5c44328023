"""What differs between two answers: their words, and what they cite. Nothing here draws."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from jobs.citation_format import NUMBER
from jobs.models import Answer, Citation

# `difflib` takes a minute for 1,500 words that repeat. Here, words that both texts have once align
# them, and what lies between two of them is compared in full up to this product of its lengths.
MAX_PRODUCT = 40_000
# Between such words others occur once, and so on.
MAX_DEPTH = 8

# Each token with the white space before it: a marker, a word or a figure, a punctuation mark.
_TOKEN = re.compile(rf"\s*(?:\[{NUMBER}\]|\w+(?:[.,:'’/-]\w+)*|[^\w\s]|\Z)")
_MARKUP = re.compile(r"\*\*|__|`+|^#{1,6}\s+", re.MULTILINE)

Pair = tuple[int, int]


@dataclass(frozen=True)
class Run:
    """A piece of a text, and whether the other text lacks it."""

    text: str
    differs: bool


@dataclass(frozen=True)
class Sources:
    """The passages that two answers cite, each in the order of its first number."""

    both: tuple[Citation, ...]
    only_one: tuple[Citation, ...]
    only_other: tuple[Citation, ...]


def word_runs(
    one: str,
    other: str,
    cited_by_one: Mapping[str, str] | None = None,
    cited_by_other: Mapping[str, str] | None = None,
) -> tuple[list[Run], list[Run]]:
    """Split both texts into runs that the other text has, word for word and in order, or lacks.

    The runs of a text, joined, are the text. White space is ignored. The mappings say what a marker
    such as [1] cites: markers are equal if they cite the same.
    """
    left, right = _TOKEN.findall(one), _TOKEN.findall(other)
    pairs = _align(_keys(left, cited_by_one or {}), _keys(right, cited_by_other or {}))
    return _runs(left, [at for at, _ in pairs]), _runs(right, [at for _, at in pairs])


def answer_runs(one: Answer, other: Answer) -> tuple[list[Run], list[Run]]:
    """Compare the words of two answers; markers are equal if they cite the same passage."""
    return word_runs(
        without_markup(one.text),
        without_markup(other.text),
        *({f"[{each.number}]": each.passage_id for each in it.citations} for it in (one, other)),
    )


def without_markup(text: str) -> str:
    """Return Markdown without the signs of bold, code and headings; lists keep theirs."""
    return _MARKUP.sub("", text).strip()


def compare_sources(one: Answer, other: Answer) -> Sources:
    """Return which passages both answers cite, and which only one does."""
    left, right = _by_passage(one), _by_passage(other)
    return Sources(
        both=tuple(each for id_, each in left.items() if id_ in right),
        only_one=tuple(each for id_, each in left.items() if id_ not in right),
        only_other=tuple(each for id_, each in right.items() if id_ not in left),
    )


def _by_passage(answer: Answer) -> dict[str, Citation]:
    citations = sorted(answer.citations, key=lambda each: each.number)
    return {each.passage_id: each for each in citations}


def _runs(tokens: Sequence[str], shared: Sequence[int]) -> list[Run]:
    has_partner = set(shared)
    grouped = groupby(range(len(tokens)), key=lambda at: at not in has_partner)
    runs = [Run("".join(tokens[at] for at in group), differs) for differs, group in grouped]
    return [run for run in runs if run.text]


def _align(left: Sequence[str], right: Sequence[str]) -> list[Pair]:
    """Return positions of words that both have, ascending on both sides (patience diff)."""
    found: list[Pair] = []
    parts = [(0, len(left), 0, len(right), 0)]
    while parts:
        start, end, other, other_end, depth = parts.pop()
        while start < end and other < other_end and left[start] == right[other]:
            found.append((start, other))
            start, other = start + 1, other + 1
        while start < end and other < other_end and left[end - 1] == right[other_end - 1]:
            end, other_end = end - 1, other_end - 1
            found.append((end, other_end))
        anchors: list[Pair] = []
        if depth < MAX_DEPTH:
            anchors = _anchors(left[start:end], right[other:other_end])
        if anchors:
            bounds = [(start + at, other + other_at) for at, other_at in anchors]
            for place, other_place in [*bounds, (end, other_end)]:
                parts.append((start, place, other, other_place, depth + 1))
                start, other = place, other_place
        elif 0 < (end - start) * (other_end - other) <= MAX_PRODUCT:
            common = _longest_common(left[start:end], right[other:other_end])
            found += [(start + at, other + other_at) for at, other_at in common]
    return sorted(found)


def _anchors(left: Sequence[str], right: Sequence[str]) -> list[Pair]:
    """Return where the words stand that both have once, as many as are in the same order."""
    once, once_there = Counter(left), Counter(right)
    there = {word: at for at, word in enumerate(right)}
    best: list[int] = []  # the smallest last position of a sequence of each length
    last: list[Pair] = []
    before: dict[Pair, Pair | None] = {}
    for at, word in enumerate(left):
        if once[word] != 1 or once_there[word] != 1:
            continue
        pair = (at, there[word])
        length = bisect_left(best, pair[1])
        before[pair] = last[length - 1] if length else None
        best[length : length + 1] = [pair[1]]
        last[length : length + 1] = [pair]
    chain: list[Pair] = []
    step = last[-1] if last else None
    while step is not None:
        chain.append(step)
        step = before[step]
    return chain[::-1]


def _longest_common(left: Sequence[str], right: Sequence[str]) -> list[Pair]:
    """Return a longest common subsequence, by a table of as many cells as their product."""
    width = len(right)
    table = [[0] * (width + 1)]
    for word in reversed(left):
        below, row = table[-1], [0] * (width + 1)
        for at in range(width - 1, -1, -1):
            row[at] = below[at + 1] + 1 if word == right[at] else max(below[at], row[at + 1])
        table.append(row)
    table.reverse()
    pairs, at, other = [], 0, 0
    while at < len(left) and other < width:
        if left[at] == right[other]:
            pairs.append((at, other))
            at, other = at + 1, other + 1
        elif table[at + 1][other] >= table[at][other + 1]:
            at += 1
        else:
            other += 1
    return pairs


def _keys(tokens: Sequence[str], cited: Mapping[str, str]) -> list[str]:
    words = (token.strip() for token in tokens)
    return [cited.get(word, word) for word in words]
