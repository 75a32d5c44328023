"""What kind of thing a question asks for: a figure, money, a time, somebody."""

from __future__ import annotations

import re

_NUMBER_WORDS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|half|"
    "once|twice|daily|weekly|monthly|quarterly|yearly|annually|none|no|unlimited"
)
_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|"
    "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
)
_CURRENCIES = "eur|usd|gbp|chf|sek|dkk|nok|pln|jpy|cny|inr|aud|cad|euros?|dollars?|pounds?|yen"

# Of each kind: how it is asked for in English, and what a sentence must have to tell it.
_KINDS = tuple(
    (re.compile(asked, re.IGNORECASE), re.compile(told, re.IGNORECASE))
    for asked, told in (
        (
            r"\bhow much (?:does|do|did|is|are|was|were) .{1,80} costs?\b"
            r"|\bwhat (?:is|are|was|were) the (?:\w+ ){0,2}(?:price|salary|fee|cost|charge)\b",
            rf"[$€£¥₹]|\b(?:{_CURRENCIES}|percent)\b|%|\d[.,]\d|: \d",
        ),
        (
            r"\bhow (?:many|much|long|high|often|soon|quickly|fast|far|large|big|old)\b"
            r"|\bwhat (?:share|percentage|proportion|number|amount)\b",
            rf"\d|\b(?:{_NUMBER_WORDS})\b",
        ),
        (
            r"^when\b|\b(?:from|by|since|until|and) when\b|\bby what time\b|\bwhat (?:date|day)\b"
            r"|\bwhich (?:date|day|year|month)\b",
            rf"\d|\b(?:{_MONTHS}|{_NUMBER_WORDS}|days?|weeks?|months?|years?|once|after|before)\b",
        ),
        (
            r"^who\b|\band who\b|\bwhom\b",
            # Two capitals in a row, a role, or the value of a cell.
            r"(?-i:[A-ZÀ-Þ][\w.’'-]+ [A-ZÀ-Þ])|\b(?:director|manager|officer|desk|head|board|team|"
            r"committee|department|supplier|contractor|customer|president|chair|partner)s?\b|: \w",
        ),
    )
)


def lacks_asked_kind(question: str, sentence: str) -> bool:
    """Return whether a question asks for a kind of thing that a sentence has not."""
    return any(asked.search(question) and not told.search(sentence) for asked, told in _KINDS)
