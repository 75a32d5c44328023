"""Cuts a text into words, years and other periods, dates and numbers, before words are stemmed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from jobs.normalization import normalize
from jobs.search.dates import iso_dates
from jobs.words import SIGNS, UNSPACED

# Begins the terms that are numbers.
NUMBER = "#"

_CENTURY = re.compile(r"(?:19|20)\d\d")
# No letter may follow, but one of a script without spaces, or a Korean one, may: "2024年".
_END = rf"(?!(?!{UNSPACED.pattern}|[\uac00-\ud7a3])[^\W_])"
_PERIOD = re.compile(rf"{_CENTURY.pattern}|[qh][1-4]")
_LETTERS = r"[^\W\d_]"
_TOKEN = re.compile(
    # Most words: none of what follows begins with three letters.
    rf"(?P<plain>{_LETTERS}{{3,}}+(?![\w&{SIGNS}]))|"
    # "M&A", "PP&E", "U.S.", "10-K", "F-16"
    rf"(?P<joined>(?:{_LETTERS}{{1,3}}&){{1,3}}{_LETTERS}(?![^\W_])"
    rf"|(?:{_LETTERS}\.){{2,6}}(?![^\W_])"
    rf"|\d{{1,3}}-{_LETTERS}(?![^\W_])|{_LETTERS}-\d{{1,3}}(?![^\W_]))"
    # "FY2018", "FY18", "FY 2018", "FY2023Q1", in German "GJ2018"
    rf"|(?:fy|cy|gj)[ ]?['’]?(?P<fiscal>(?:19|20)?\d\d)(?P<late>[qh][1-4])?{_END}"
    # "Q3", "Q3'22", "Q32022", "2Q23", "2023Q2"
    rf"|(?P<part>[qh][1-4])(?:['’]?(?P<of>(?:19|20)?\d\d))?{_END}"
    rf"|(?P<turned>[1-4][qh])['’]?(?P<after>(?:19|20)?\d\d)?{_END}"
    rf"|(?P<before>(?:19|20)\d\d)(?P<then>[qh][1-4]){_END}"
    # "2021/22"
    rf"|(?P<from>(?:19|20)\d\d)[/–-](?P<to>\d\d)(?![\d/.-]){_END}"
    rf"|(?P<number>\d[\d.,'’]{{0,40}}){_END}"
    rf"|(?P<word>(?:[^\W_]|(?!\d)[{SIGNS}])+)"
)
_JOINTS = str.maketrans("", "", "&.-")


def is_period(term: str) -> bool:
    """Return whether a term is a year with four figures, a quarter or a half."""
    return _PERIOD.fullmatch(term) is not None


class Token(NamedTuple):
    """A word in small letters, or what is a term as it is.

    `is_capital` says that all of its letters are capital, `is_name` that some are, as in "iPhone".
    """

    text: str
    is_word: bool
    is_capital: bool = False
    is_name: bool = False


def tokens_of(text: str) -> Iterator[Token]:
    """Yield the tokens of a text, in order; the dates come last."""
    text = normalize("NFKC", text)
    small = text.lower()
    # A few letters become two when they are made small; then nobody knows what was capital.
    cased = text if len(text) == len(small) else small
    for match in _TOKEN.finditer(small):
        kind = match.lastgroup
        if kind in ("plain", "word"):
            word = match.group()
            written = cased[match.start() : match.end()]
            yield Token(word, True, written.isupper(), written != word)
        elif kind == "joined":
            yield Token(match.group().translate(_JOINTS), True, True, True)
        elif kind == "number":
            yield Token(_number(match.group()), False)
        else:
            yield from (Token(period, False) for period in _periods(match))
    if _CENTURY.search(small):
        yield from (Token(date, False) for date in iso_dates(small))


def _periods(match: re.Match[str]) -> Iterator[str]:
    """Yield years with four figures, and quarters and halves such as "q2"."""
    found = match.groupdict()
    if found["from"]:
        yield found["from"]
        following = str(int(found["from"]) + 1)
        yield following if following.endswith(found["to"]) else f"{NUMBER}{found['to']}"
        return
    for name in ("fiscal", "of", "after", "before"):
        if year := found[name]:
            yield year if len(year) == 4 else f"20{year}" if year < "70" else f"19{year}"
    for name in ("late", "part", "then"):
        if part := found[name]:
            yield part
    if turned := found["turned"]:
        yield turned[::-1]


def _number(figures: str) -> str:
    """Return the term of a number: a year as it is, "1,577.50" and "1.577,5" as the same one."""
    if _CENTURY.fullmatch(figures):
        return figures
    figures = figures.rstrip(".,'’").replace("'", "").replace("’", "")
    at = max(figures.rfind("."), figures.rfind(","))
    if at >= 0:
        mark = figures[at]
        is_only_kind = ("," if mark == "." else ".") not in figures
        is_grouped = (
            is_only_kind
            and all(len(group) == 3 for group in figures.split(mark)[1:])
            and not figures.startswith("0")
        )
        if is_only_kind and not is_grouped and figures.count(mark) > 1:
            return NUMBER + figures  # "1.2.3"
        whole = figures if is_grouped else figures[:at]
        rest = "" if is_grouped else figures[at + 1 :].rstrip("0")
        figures = whole.replace(",", "").replace(".", "") + (f".{rest}" if rest else "")
    return NUMBER + (figures.lstrip("0") or "0")
