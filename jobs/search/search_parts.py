"""Searching for a question in its parts, with what the glossary adds to each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jobs.glossary.term_finder import TermFinder, phrases_of
from jobs.models import Passage, Searched
from jobs.search.question_parts import take_turns

# Searches for one part, and for these phrases beside it. Returns the passages, best first, and the
# names of the documents that counted more than others.
SearchOne = Callable[[str, Sequence[str]], tuple[Sequence[Passage], Sequence[str]]]


def search_parts(
    parts: Sequence[str], finder: TermFinder, search_one: SearchOne, limit: int
) -> tuple[list[Passage], Searched]:
    """Return the best passages for all parts, which take turns, and what was searched for.

    Raises what `search_one` raises.
    """
    found: list[Sequence[Passage]] = []
    also: dict[str, None] = {}
    mainly_in: dict[str, None] = {}
    for part in parts:
        phrases = phrases_of(finder.find(part))
        passages, names = search_one(part, phrases)
        found.append(passages)
        also.update(dict.fromkeys(phrases))
        mainly_in.update(dict.fromkeys(names))
    in_parts = tuple(parts) if len(parts) > 1 else ()
    return take_turns(found, limit), Searched(tuple(also), in_parts, tuple(mainly_in))
