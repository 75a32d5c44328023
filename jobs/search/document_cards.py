"""What tells documents apart: language, beginning, names and years of each, a few hundred bytes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from jobs.extraction.chunking import Piece
from jobs.language import guess_language
from jobs.models import DocumentCard
from jobs.search.dates import MONTHS
from jobs.search.keywords import STOP_WORDS, stop_words_in

OPENING_CHARS = 400
FIRST_PAGE_CHARS = 4_000
# Of the whole document, in parts that stand apart.
SAMPLE_CHARS = 150_000
SAMPLE_PARTS = 100
MAX_NAMES = 8
# How often a name of the first page stands in a document, at least.
MIN_NAMED = 3
MAX_YEARS = 4
# A year counts if it stands there so often in comparison with the commonest.
YEAR_SHARE = 0.3

_YEAR = re.compile(r"(?<![\w.,/-])(?:19|20)\d\d(?![\w/-]|[.,]\d)")
# A word, or "&" between two of a name.
_PART = re.compile(r"[^\W_]+|&")
MAX_NAME_WORDS = 4


def make_card(pieces: Sequence[Piece]) -> DocumentCard:
    """Return the card of a document."""
    if not pieces:
        return DocumentCard()
    page = pieces[0].first_page
    first = " ".join(piece.text for piece in pieces[:6] if piece.first_page == page)
    first = " ".join(first[:FIRST_PAGE_CHARS].split())
    sample = _sample(pieces)
    language = guess_language(sample[len(sample) // 4 :])
    return DocumentCard(
        language=language,
        opening=first[:OPENING_CHARS],
        names="; ".join(_names(sample, first, language)),
        years=" ".join(_years(sample)),
    )


def _sample(pieces: Sequence[Piece]) -> str:
    every = max(1, len(pieces) // SAMPLE_PARTS)
    return "\n".join(piece.text for piece in pieces[::every])[:SAMPLE_CHARS]


def _names(sample: str, first_page: str, language: str) -> list[str]:
    """Return names on the first page that come again later, the commonest first."""
    page = f" {_plain(first_page)} "
    stop_words = STOP_WORDS | stop_words_in(language)
    counts = Counter(_capital_runs(sample, stop_words))
    small = set(re.findall(r"(?<![^\W_])[^\W_]+", sample))
    return [
        name
        for name, count in counts.most_common()
        if count >= MIN_NAMED
        and f" {_plain(name)} " in page
        and (" " in name or name.lower() not in small | MONTHS.keys())
    ][:MAX_NAMES]


def _capital_runs(text: str, stop_words: frozenset[str]) -> Iterator[str]:
    """Yield each run of up to four words with a capital letter that only spaces or "&" part."""
    run: list[str] = []
    end = 0
    for match in _PART.finditer(text):
        part = match.group()
        is_next = text[end : match.start()] in ("", " ")
        is_capital = part == "&" or part[0].isupper() or (part[0].isdigit() and part[1:].isupper())
        if run and not (is_next and is_capital and len(run) < MAX_NAME_WORDS):
            yield from _name_of(run)
            run = []
        if is_capital and (run or (part != "&" and part.lower() not in stop_words)):
            run.append(part)
        end = match.end()
    yield from _name_of(run)


def _name_of(run: list[str]) -> Iterator[str]:
    words = run[:-1] if run and run[-1] == "&" else run
    if words and len(" ".join(words)) > 1:
        yield " ".join(words)


def _plain(text: str) -> str:
    """Return the words of a text in small letters, with one space between two."""
    return " ".join(_PART.findall(text.casefold()))


def _years(text: str) -> list[str]:
    """Return the years that a text is about, the commonest first."""
    counts = Counter(_YEAR.findall(text)).most_common(MAX_YEARS)
    return [year for year, count in counts if count >= YEAR_SHARE * counts[0][1]]
