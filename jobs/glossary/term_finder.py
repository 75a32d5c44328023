"""Finding the terms of a glossary in a question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from jobs.glossary.rules import MAX_TERM_WORDS, Rule, compared
from jobs.normalization import normalize
from jobs.words import UNSPACED, search_terms

# Of one question: beyond it, what is added would drown what was asked.
MAX_RULES = 20
# A question is reworded in so many ways.
MAX_WAYS = 3
# Letters in capitals that small ones would take for words.
SHORT_CHARS = 2
# The end of a term among the words that begin with it; no word of a text is "".
_END = ""


class Way(NamedTuple):
    """A question in other words, and the phrases in it that stand for its terms."""

    question: str
    phrases: tuple[str, ...]


class TermFinder:
    """The terms of some rules as a tree of words. Finding them takes linear time."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._tree: dict[str, Any] = {}
        self._capitals: dict[str, list[Rule]] = {}
        for rule in rules:
            if is_written_in_capitals(rule):
                self._capitals.setdefault(rule.term, []).append(rule)
                continue
            node = self._tree
            for word in rule.key:
                node = node.setdefault(word, {})
            node.setdefault(_END, []).append(rule)

    def find(self, question: str) -> tuple[Rule, ...]:
        """Return the rules for the terms in a question, in their order; the longest term counts.

        "Working capital ratio" is not "working capital" as well.
        """
        found: dict[Rule, None] = {}
        for _start, _length, rules in self._matches(question):
            found.update(dict.fromkeys(rules))
            if len(found) >= MAX_RULES:
                break
        return tuple(found)

    def reworded(self, question: str) -> tuple[Way, ...]:
        """Return a question as it might be asked in the words of the documents, a few of its ways.

        None without terms, and none where words stand without spaces between them.
        """
        matches = self._matches(question)
        words = _written(question)
        if not matches or UNSPACED.search(question):
            return ()
        ways: list[Way] = []
        for number in range(MAX_WAYS):
            parts, end, used = [], 0, []
            for start, length, rules in matches:
                phrases = phrases_of(rules) or (" ".join(words[start : start + length]),)
                used.append(phrases[min(number, len(phrases) - 1)])
                parts += [*words[end:start], used[-1]]
                end = start + length
            ways.append(Way(" ".join([*parts, *words[end:]]), tuple(used)))
        return tuple(dict.fromkeys(ways))

    def _matches(self, question: str) -> list[tuple[int, int, list[Rule]]]:
        """Return where the terms of a question stand among its words: start, length, rules."""
        written, words = _written(question), compared(question)
        matches: list[tuple[int, int, list[Rule]]] = []
        at = 0
        while at < len(words):
            length, rules = self._longest(words, at)
            if not rules and len(written) == len(words):
                length, rules = 1, self._capitals.get(written[at], [])
            if rules:
                matches.append((at, length, rules))
            at += max(1, length)
        return matches

    def _longest(self, words: Sequence[str], start: int) -> tuple[int, list[Rule]]:
        node, length, rules = self._tree, 0, []
        for number, word in enumerate(words[start : start + MAX_TERM_WORDS], start=1):
            node = node.get(word, {})
            if not node:
                break
            if _END in node:
                length, rules = number, node[_END]
        return length, rules


def _written(question: str) -> list[str]:
    """Return the words of a question as they are written, one for each that is compared."""
    return search_terms(normalize("NFKC", question))


def is_written_in_capitals(rule: Rule) -> bool:
    """Return whether a term is found only as it is written: "IT" and "AR" are no "it" and "ar"."""
    return len(rule.key) == 1 and rule.term.isupper() and len(rule.term) <= SHORT_CHARS


def phrases_of(rules: Iterable[Rule]) -> tuple[str, ...]:
    """Return what these rules have searched for, each phrase once."""
    return tuple(dict.fromkeys(phrase for rule in rules for phrase in rule.phrases))
