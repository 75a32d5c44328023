"""What a question asks, without what it says about how to answer."""

from __future__ import annotations

import re

from jobs.answering.question_anchors import fold
from jobs.language import guess_language
from jobs.search.filler_words import filler_of

_SENTENCE_END = re.compile(r"(?<=[.?!])\s{1,20}(?=\S)")
_WORD = re.compile(r"[^\W\d_]+")
# "If that says nothing about this company, then state that and explain why."
_PROVISO = re.compile(r"If [^.?!]{1,200}\b(?:state|say|explain|mention)\b")
# With "Answer the following question, please:" before it.
_LEAD = re.compile(r"([^:]{1,300}): (?=\S)")
# Words of the name of a file; not its date.
_NAMING = re.compile(r"[^\W_]+")
# A name behind one of these is a place, which may be one of many in the document.
_PLACED = ("in", "en", "em", "à", "w", "i", "v")
_PUNCTUATION = ".,;:!?()'\"“”‘’"


def core_of(question: str) -> str:
    """Return the sentences of a question but those that begin as instructions do."""
    line = " ".join(question.split())
    filler = filler_of(guess_language(line))
    kept = [
        _without_lead(each, filler)
        for each in _SENTENCE_END.split(line)
        if each.endswith("?") or not _instructs(each, filler)
    ]
    return " ".join(kept) or line


def without_mention(question: str, document_name: str) -> str:
    """Return a question without the words by which it names a document.

    Those are two words or more of the document's name that stand together, and what is written as a
    name. The rest of the question tells which sentence of that document answers.
    """
    named = {word for word in _NAMING.findall(fold(document_name)) if not word.isdigit()}
    kept: list[str] = []
    run: list[str] = []
    for word in [*question.split(), ""]:
        plain = fold(word.strip(_PUNCTUATION))
        if plain and any(plain in each if len(plain) > 3 else plain == each for each in named):
            run.append(word)
            continue
        if len(run) == 1 and not (kept and _looks_like_a_name(run[0]) and kept[-1] not in _PLACED):
            kept += run
        run = []
        kept.append(word)
    return " ".join(kept).strip() or question


def _looks_like_a_name(word: str) -> bool:
    return word[0].isupper() or (word[0].isdigit() and any(map(str.isupper, word)))


def _without_lead(sentence: str, filler: frozenset[str]) -> str:
    lead = _LEAD.match(sentence)
    if lead and sentence.endswith("?") and _instructs(lead[1], filler):
        return sentence[lead.end() :]
    return sentence


def _instructs(sentence: str, filler: frozenset[str]) -> bool:
    first = _WORD.search(sentence)
    is_filler = first is not None and first.group().lower() in filler
    return is_filler or bool(_PROVISO.match(sentence))
