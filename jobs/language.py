"""Guesses the language of a text by its letters and its commonest words."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

DEFAULT_LANGUAGE = "en"
# A page says enough; the rest need not be looked at.
SAMPLE_CHARS = 5_000
SAMPLE_WORDS = 400
# After each so many, it is clear if one language has so many points, and so many times the next.
CHECKED_WORDS, SURE_POINTS, SURE_TIMES = 50, 8.0, 4.0
# One word that two languages share says nothing.
MIN_POINTS = 0.6

# Words of sentences, hardly any of which another of these languages has too. ISO 639-1 codes.
_COMMON_WORDS = {
    "en": "the of and is are was were to that this it for with by from not be has have or which on "
    "an as at you he she they we will shall its",
    "de": "der die das und ist sind nicht ein eine einen einem einer zu den dem des im am mit von "
    "für auf sich auch wird werden wurde bei nach zum zur vom oder es er wir als nur über aus",
    "fr": "le la les et est sont des du un une dans pour que qui par sur au aux avec pas ce cette "
    "il elle ne se ou à été d'un l'on ont mme leur",
    "nl": "het een en van is zijn niet dat op te met voor aan ook er door naar bij wordt worden "
    "de deze dit heer zie of uit om werd geldt",
    "es": "el la los las y es son que en una un por para con del al no se su lo como más esto esta "
    "está fue o ha",
    "it": "il lo la gli le e è sono di che un una per con del della dei delle al alla nel non si "
    "anche come da questo questa ha pure sig",
    "pt": "os as é são que em um uma por para com do da dos das ao à no na não se mais como foi "
    "sua seu",
    "pl": "w na się nie jest do to że dla od przez po są oraz jak lub",
    "cs": "na se je že do pro jsou nebo není jako podle dne",
    "sk": "na sa je že do pre sú alebo nie ako podľa dňa",
    "da": "og er det en af til på at den de med for ikke et som ved fra eller blev",
    "nb": "og er det en av til på at den de med for ikke et som ved fra eller ble",
    "sv": "och är det en av till på att den de med för inte ett som vid från eller blev",
    "fi": "ja on ei se että oli myös tai kuin ovat hän joka mutta sekä",
    "hu": "az és nem hogy egy is van meg vagy ha csak volt kell szerint",
    "tr": "ve bir bu için ile olarak da de daha olan gibi veya değil",
    "ro": "și este în la de cu pe un nu care pentru din sau sunt",
}
_LANGUAGES: dict[str, list[str]] = {}
for _language, _words in _COMMON_WORDS.items():
    for _word in _words.split():
        _LANGUAGES.setdefault(_word, []).append(_language)

# Where a script has one main language; kana before kanji, which Chinese has too.
_SCRIPTS = {
    "ja": "\u3040-\u30ff",
    "zh": "\u3400-\u9fff",
    "ko": "\uac00-\ud7af",
    "ru": "\u0400-\u04ff",
    "el": "\u0370-\u03ff",
    "ar": "\u0600-\u06ff",
    "he": "\u0590-\u05ff",
    "hi": "\u0900-\u097f",
    "th": "\u0e00-\u0e7f",
    "hy": "\u0530-\u058f",
}
_SCRIPT = re.compile("|".join(f"(?P<{name}>[{chars}])" for name, chars in _SCRIPTS.items()))
_UKRAINIAN = re.compile("[іїєґ]", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")


@cache
def common_words(language: str) -> frozenset[str]:
    """Return the commonest words of a language, as far as they are known here."""
    return frozenset(_COMMON_WORDS.get(language, "").split())


def guess_language(text: str) -> str:
    """Return the ISO 639-1 code of the language that a text seems to be in; English if unsure."""
    sample = text[:SAMPLE_CHARS]
    if sample.isascii():
        return _guess_by_words(sample)
    scripts = Counter(match.lastgroup for match in _SCRIPT.finditer(sample))
    if scripts and 2 * scripts.total() > sum(map(str.isalpha, sample)):
        main = "ja" if scripts["ja"] else str(scripts.most_common(1)[0][0])
        return "uk" if main == "ru" and _UKRAINIAN.search(sample) else main
    return _guess_by_words(sample)


def _guess_by_words(sample: str) -> str:
    points: dict[str, float] = dict.fromkeys(_COMMON_WORDS, 0.0)
    words = _WORD.findall(sample.lower())[:SAMPLE_WORDS]
    for start in range(0, len(words), CHECKED_WORDS):
        for languages in filter(None, map(_LANGUAGES.get, words[start : start + CHECKED_WORDS])):
            for language in languages:
                points[language] += 1 / len(languages)
        second, first = sorted(points.values())[-2:]
        if first >= SURE_POINTS and first >= SURE_TIMES * second:
            break
    # Among equals, the first of the table.
    best = max(points, key=points.__getitem__)
    return best if points[best] >= MIN_POINTS else DEFAULT_LANGUAGE
