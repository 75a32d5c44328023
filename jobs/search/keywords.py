"""Which words of a question are worth searching for."""

from __future__ import annotations

import re

# The commonest words of English questions say nothing about which passage answers.
STOP_WORDS = frozenset(
    """
    a about after all also an and any are as at be been before between both but by can could did do
    does doing done during each for from had has have having he her here him his how i if in into is
    it its many may me might more most much must my no not of on once only or other our out over per
    she should so some such than that the their them then there these they this those to under until
    up us was we were what when where which while who whom whose why will with would you your
    """.split()  # noqa: SIM905 (a list would take a line for each word)
)


def keywords_of(question: str) -> str:
    """Return the question without stop words; the whole question if nothing else is left."""
    words = [word for word in re.findall(r"\w+", question) if word.lower() not in STOP_WORDS]
    return " ".join(words) or question
