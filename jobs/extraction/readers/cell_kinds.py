"""What the text of a table's cell looks like: a number, a date, a code, or words.

It judges text as it is shown, of any language, so that all formats can share it.
"""

from __future__ import annotations

import re
from enum import Enum

# A longer cell is a sentence or a paragraph, never one value.
MAX_VALUE_CHARS = 40
MIN_SENTENCE_WORDS = 4

_MONTHS = (
    "jan|feb|fév|fev|mar|mär|maa|mrz|apr|avr|abr|may|mai|mei|mag|maj|jun|jui|giu|jul|jui|lug|aug|aoû|"
    "ago|sep|set|oct|okt|ott|out|nov|dec|dez|déc|dic|ene|gen"
)
_CURRENCIES = (
    "EUR|USD|GBP|CHF|JPY|CNY|RMB|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|AUD|CAD|NZD|INR|BRL|ZAR|TRY|RUB|UAH|"
    "ILS|AED|SAR|SGD|HKD|KRW|MXN|TWD|THB"
)
_NUMBER = re.compile(
    r"[(<>≤≥≈~±+\-−–]{0,2}\s?"
    rf"(?:(?:{_CURRENCIES})\s?|[A-Z]{{0,3}}[$€£¥₹₽₩]\s?|kr\.?\s)?"
    r"[+\-−]?(?:\d[\d.,'’٫٬\s\u00a0\u202f]*|\.\d+)(?:[eE][+\-]?\d+)?"
    r"(?::\d\d){0,2}"  # a time or a duration
    r"\s?(?:[%‰°]|[^\W\d]{1,8}[²³]?\.?(?:/[^\W\d]{1,8}[²³]?)?|[^\w\s]{1,2})?\s?\)?"
)
_YEAR = re.compile(r"(?:FY\s?|CY\s?)?(?:19|20)\d\d(?:[/–-](?:19|20)?\d\d)?[EFABef]?")
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?(?:[T ]\d{1,2}:\d\d(?::\d\d)?)?"
    r"|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?: \d{1,2}:\d\d(?::\d\d)?)?"
    r"|\d{4}年(?:\d{1,2}月(?:\d{1,2}日)?)?"
    rf"|(?:\d{{1,2}}\.?[\s-])?(?:{_MONTHS})[^\W\d]{{0,7}}\.?[\s-]"
    r"(?:\d{1,2}, )?'?(?:\d{4}|\d\d)",
    re.IGNORECASE,
)
_PERIOD = re.compile(
    rf"(?:[QHTS]\d|[1-4]Q|[1-4]\. ?Quartal|KW ?\d\d)(?:[\s/-]*'?\d{{2,4}})?"
    rf"|(?:{_MONTHS})[^\W\d]{{0,7}}\.?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"[^\s@]{1,64}@[^\s@.]{1,63}\.[^\s@]{1,190}|[a-z]{2,6}://\S+|www\.\S+", re.IGNORECASE
)
_FLAG_WORDS = (
    "true false yes no y n x ✓ ✔ ✗ ✘ ja nein nee oui non sí si no sì wahr falsch vrai faux waar "
    "onwaar verdadero falso tak nie 是 否"
)
_FLAGS = frozenset(_FLAG_WORDS.split())
_NOTHING = frozenset(("-", "–", "—", "n/a", "n.a.", "na", "tbd", "?", "nvt", "n.v.t.", "k.a."))


_ERROR = re.compile(r"#[A-Z/0]{2,12}[!?]?")


class CellKind(Enum):
    """What a cell holds, as far as its text shows it."""

    EMPTY = "empty"
    NUMBER = "number"
    YEAR = "year"
    DATE = "date"
    FLAG = "flag"
    ADDRESS = "address"
    CODE = "code"
    WORDS = "words"


def kind_of(cell: str) -> CellKind:
    """Return the kind of a cell; what stands for “nothing” ("-", "n/a") is empty."""
    text = cell.strip()
    if not text:
        return CellKind.EMPTY
    if len(text) > MAX_VALUE_CHARS:
        return CellKind.WORDS
    lower = text.casefold()
    if lower in _NOTHING or _ERROR.fullmatch(text):
        return CellKind.EMPTY
    if lower in _FLAGS:
        return CellKind.FLAG
    if _YEAR.fullmatch(text):
        return CellKind.YEAR
    if _DATE.fullmatch(text):
        return CellKind.DATE
    if _NUMBER.fullmatch(text):
        return CellKind.NUMBER
    if _ADDRESS.fullmatch(text):
        return CellKind.ADDRESS
    if any(map(str.isdigit, text)) and " " not in text:
        return CellKind.CODE
    return CellKind.WORDS


def is_sentence(cell: str) -> bool:
    """Return whether a cell ends as a sentence does, and is as long as one."""
    text = cell.rstrip("\"'”’»)")
    if text.endswith(("。", "！", "？")):
        return True
    return text.endswith((".", "!", "?")) and len(text.split()) >= MIN_SENTENCE_WORDS


def names_period(cell: str) -> bool:
    """Return whether a cell names a year, a quarter, a month or a day, as headings do."""
    return kind_of(cell) in (CellKind.YEAR, CellKind.DATE) or bool(_PERIOD.fullmatch(cell.strip()))
