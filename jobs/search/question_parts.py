"""Splitting a question that asks several things, by rule, so that each is searched for apart.

Only what surely asks several things is split. "Property, plant and equipment" is one thing, and no
rule can tell it from three; half of a question finds less than the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise, zip_longest
from typing import NamedTuple, Protocol, TypeVar

from jobs.search.keywords import stop_words_of
from jobs.words import search_terms

MAX_PARTS = 4
# A longer question tells a story, or explains how to answer: it is searched for as it stands.
MAX_CHARS = 1000
# The sides of a comparison; what is longer is a sentence about it.
MAX_SIDE_CHARS = 120
# With fewer words that say something, a part takes them from the part before: "And for meals?".
FULL_WORDS = 2

_ASKS = (
    "what|who|whom|whose|when|where|which|why|how|was|wer|wen|wem|wann|wo|wie|warum|welche[rsnm]?|"
    "quel|quelle|quels|quelles|qui|quand|où|comment|pourquoi|combien|qué|quién|cuándo|dónde|cómo|"
    "cuánto|cuál|wat|wanneer|waar|hoe|waarom|hoeveel"
)
_AND = "and|und|et|y|en"
_THE = "the|our|your|der|die|das|den|dem|le|la|les|el|los|las|de|het"
_PREPOSITION = "of|for|in|at|under|per|on|to|für|von|bei|im|pour|dans|à|para|voor|bij"

_END = re.compile(r"[?？؟]")
_SECOND = re.compile(
    rf",? (?:{_AND}) (?=(?:{_ASKS})\b"
    r"|(?:is|are|was|were|does|do|did|can|may|must|should|will|has|have) "
    r"(?:i|you|we|it|they|there|the|a|an|any|my|our)\b)",
    re.IGNORECASE,
)
_ASKING = re.compile(rf"\b(?:{_ASKS})\b", re.IGNORECASE)
_WHEN = re.compile(r"(?:when|wann|quand|cuándo|wanneer)\b", re.IGNORECASE)
_COMPARE = re.compile(
    r"\b(?:compare|contrast|vergleiche|vergleichen|comparez|compara|vergelijk) "
    r"|\b(?:difference|differences|comparison|unterschied|unterschiede|différence|diferencia|"
    r"verschil) (?:between|of|zwischen|entre|tussen) ",
    re.IGNORECASE,
)
_COMPARES = re.compile(
    r"\bhow (?:does|do|did) (.{1,120}) compare (?=(?:with|to|against) )", re.IGNORECASE
)
_WITH = re.compile(r" (?:with|versus|vs\.?|against|mit|avec|con|met) ", re.IGNORECASE)
_BOTH = re.compile(rf" (?:{_AND}|to) ", re.IGNORECASE)
_AND_THE = re.compile(rf" (?:{_AND}) (?=(?:{_THE}) )", re.IGNORECASE)
_DETERMINED = re.compile(rf"(?:^| )(?=(?:{_THE}) )", re.IGNORECASE)
_TAIL = re.compile(rf" (?:{_PREPOSITION}) ", re.IGNORECASE)
_STARTS_WITH_TAIL = re.compile(
    rf"(?:(?:that|those|the one|the ones) )?(?=(?:{_PREPOSITION}) )", re.IGNORECASE
)
# Stands for what was asked about before.
_REFERS = re.compile(
    r"\b(?:it|its|they|them|their|this|that|these|those|there|er|sie|es|ihn|deren|dessen|il|elle|"
    r"ils|elles|zij|hij|deze)\b",
    re.IGNORECASE,
)

_NAME = re.compile(r"(?<!\w)(?:[A-ZÀ-Þ]|(?=\w*\d))\w+")


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


Found = TypeVar("Found", bound=_HasId)


class Part(NamedTuple):
    """What is searched for, and what was asked of it: without what it takes from other parts."""

    text: str
    asked: str

    @property
    def is_question(self) -> bool:
        """False for a thing that was named: "the limit for meals"."""
        return bool(_END.search(self.asked) or _ASKING.match(self.asked))


def split_question(question: str) -> tuple[str, ...]:
    """Return the parts of a question, in order; the question alone if it asks one thing."""
    return tuple(part.text for part in parts_of(question))


def parts_of(question: str) -> tuple[Part, ...]:
    """Return the parts of a question as `split_question` does, and what each asks."""
    line = " ".join(question.split())
    if len(line) > MAX_CHARS:
        return (Part(question, question),)
    stop_words = stop_words_of(line)
    for rule in (_sentences, _clauses, _comparison, _coordination):
        parts = list({part.text: part for part in rule(line, stop_words)}.values())
        if 1 < len(parts) <= MAX_PARTS and all(_says(part.text, stop_words) for part in parts):
            return tuple(parts)
    return (Part(question, question),)


def take_turns(results: Sequence[Sequence[Found]], limit: int) -> list[Found]:
    """Return what was found for each part by turns, the best first, each passage once."""
    turns = chain.from_iterable(zip_longest(*results))
    return list({found.id: found for found in turns if found is not None}.values())[:limit]


def _sentences(line: str, stop_words: frozenset[str]) -> list[Part]:
    """Return each question of several, with the sentences behind it that ask nothing."""
    cuts = [0, *(match.end() for match in _END.finditer(line))]
    if len(cuts) < 3:
        return []
    parts: list[Part] = []
    before = ""
    for start, end in pairwise(cuts):
        told, stop, asked = line[start:end].strip().rpartition(". ")
        if _says(asked, stop_words) == 0:  # such as a second question mark
            continue
        before = _carried(before, asked, stop_words)
        if parts and told:
            parts[-1] = _followed_by(parts[-1], told + stop.rstrip())
        parts.append(Part(before if parts else told + stop + before, asked))
    rest = line[cuts[-1] :].strip()
    return [*parts[:-1], _followed_by(parts[-1], rest)] if parts and rest else parts


def _followed_by(part: Part, told: str) -> Part:
    return part._replace(text=f"{part.text} {told}")


def _clauses(line: str, stop_words: frozenset[str]) -> Iterator[Part]:
    """Yield the questions of "who approves it, and how long does that take?"."""
    seconds = [*_SECOND.finditer(line)]
    if not seconds or not _ASKING.search(line, 0, seconds[0].start()):
        return
    before = line[: seconds[0].start()]
    yield Part(before, before)
    ends = [*(match.start() for match in seconds[1:]), len(line)]
    for match, end in zip(seconds, ends, strict=True):
        asked = line[match.end() : end]
        before = _carried(before, asked, stop_words)
        yield Part(before, asked)


def _comparison(line: str, stop_words: frozenset[str]) -> Iterator[Part]:
    """Yield both sides of "compare the hotel limit with the limit for meals"."""
    compares = _COMPARES.search(line)
    compare = compares or _COMPARE.search(line)
    if compare is None:
        return
    sides = line[compare.end() :].rstrip(" .?!")
    if compares is not None:
        sides = f"{compares[1]} {sides}"
    against = _WITH.search(sides, len(compares[1]) if compares else 0)
    between = against or _BOTH.search(sides)
    if between is None:
        return
    left, right = sides[: between.start()], sides[between.end() :]
    if max(len(left), len(right)) > MAX_SIDE_CHARS:
        return
    tail, refers = _TAIL.search(left), _STARTS_WITH_TAIL.match(right)
    if not against and _says(left, stop_words) < FULL_WORDS <= _says(right, stop_words):
        left = f"{left} {right.partition(' ')[2]}"  # "the Gold and Silver contracts"
    elif tail and refers:
        right = left[: tail.start() + 1] + right[refers.end() :]  # "in London and in Paris"
    elif tail and _says(right, stop_words) < FULL_WORDS:
        right = left[: tail.end()] + right  # "the limit in London and Paris"
    yield Part(left, left)
    yield Part(right, right)


def _coordination(line: str, stop_words: frozenset[str]) -> Iterator[Part]:
    """Yield both things of "what are the fee and the notice period of the contract?"."""
    conjunction = _AND_THE.search(line)
    if conjunction is None:
        return
    left, right = line[: conjunction.start()], line[conjunction.end() :]
    determined = list(_DETERMINED.finditer(left))
    if not determined or max(len(left), len(right)) > MAX_SIDE_CHARS:
        return
    start = determined[-1].end()
    tail = _TAIL.search(right)
    if tail is not None and not _TAIL.search(left, start):
        left += right[tail.start() :]
    for side in (left, left[:start] + right):
        yield Part(side, side[start:].rstrip(" .?!"))


def _carried(before: str, part: str, stop_words: frozenset[str]) -> str:
    """Return a part that can be searched for by itself, with what the one before it says.

    A short one continues that one, unless it asks by itself. One that refers to it is about what
    it says; one without names and figures is about those of that one.
    """
    if not before:
        return part
    if _REFERS.search(part) or (_says(part, stop_words) < FULL_WORDS and _ASKING.match(part)):
        said = [
            term
            for term in search_terms(before)
            # What is of a year may be due in the next.
            if term.lower() not in stop_words and not (term.isdigit() and _WHEN.match(part))
        ]
        return f"{part} ({', '.join(dict.fromkeys(said))})" if said else part
    if _says(part, stop_words) < FULL_WORDS:
        return f"{before.rstrip('?？؟ ')} {part}"
    names = dict.fromkeys(_names(before))
    return f"{part} ({', '.join(names)})" if names and not _names(part) else part


def _names(part: str) -> list[str]:
    """Return the words with capital letters or figures, but for the first."""
    return _NAME.findall(part.partition(" ")[2])


def _says(text: str, stop_words: frozenset[str]) -> int:
    """Return how many of its words say what is asked for."""
    return sum(term.lower() not in stop_words for term in search_terms(text))
