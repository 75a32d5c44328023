"""Which passages an answer is written from: no doubles, and a short document whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jobs.models import Passage
from jobs.search.points import passage_id

# A document is short if it has no more passages and characters (some 2,000 tokens).
MAX_WHOLE_PASSAGES = 12
MAX_WHOLE_CHARS = 8_000

# Returns those passages that exist, of these ids.
ReadPassages = Callable[[Sequence[str]], Sequence[Passage]]


def without_doubles(passages: Sequence[Passage]) -> list[Passage]:
    """Leave out passages whose words a better one of the document has, or of a copy of its name.

    Two contracts may say the same: which of them does can be the question.
    """
    kept: list[Passage] = []
    texts: dict[str, list[str]] = {}
    for passage in passages:
        text = " ".join(passage.text.split())
        same_name = texts.setdefault(passage.document_name, [])
        if not any(text in other for other in same_name):
            kept.append(passage)
            same_name.append(text)
    return kept


def rest_of_short_document(passages: Sequence[Passage], read: ReadPassages) -> list[Passage]:
    """Return what is missing of the best passage's document, in reading order, if it is short.

    Nothing of a longer one: its passages were found because they fit.
    """
    if not passages:
        return []
    document = passages[0].document_id
    # One more than a short document has.
    ids = [passage_id(document, position) for position in range(MAX_WHOLE_PASSAGES + 1)]
    whole = read(ids)
    is_short = len(whole) <= MAX_WHOLE_PASSAGES
    if not is_short or sum(len(passage.text) for passage in whole) > MAX_WHOLE_CHARS:
        return []
    found = {passage.id for passage in passages}
    missing = [passage for passage in whole if passage.id not in found]
    return sorted(missing, key=lambda passage: passage.position)
