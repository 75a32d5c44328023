"""What differs between two answers: their words, and what they cite. Nothing here draws."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from jobs.citation_format import NUMBER
from jobs.models import Answer, Citation

# Beyond this many words, very frequent ones are not used to align the texts.
EXACT_WORDS = 1500

# Each token with the white space before it: a marker, a word or a figure, a punctuation mark.
_TOKEN = re.compile(rf"\s*(?:\[{NUMBER}\]|\w+(?:[.,:'’/-]\w+)*|[^\w\s]|\Z)")
_MARKUP = re.compile(r"\*\*|__|`+|^#{1,6}\s+", re.MULTILINE)


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
    matcher = SequenceMatcher(
        None,
        _keys(left, cited_by_one or {}),
        _keys(right, cited_by_other or {}),
        autojunk=max(len(left), len(right)) > EXACT_WORDS,
    )
    runs: tuple[list[Run], list[Run]] = ([], [])
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        for side, text in zip(
            runs, ("".join(left[start:end]), "".join(right[other_start:other_end])), strict=True
        ):
            if text:
                side.append(Run(text, differs=tag != "equal"))
    return runs


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


def _keys(tokens: Sequence[str], cited: Mapping[str, str]) -> list[str]:
    words = (token.strip() for token in tokens)
    return [cited.get(word, word) for word in words]
