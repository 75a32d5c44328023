"""Which words of a question are worth searching for."""

from __future__ import annotations

from jobs.language import DEFAULT_LANGUAGE, common_words, guess_language
from jobs.words import words_of

# The commonest words of English questions say nothing about which passage answers.
STOP_WORDS = frozenset(
    """
    a about after all also an and any are as at be been before between both but by can could did do
    does doing done during each for from had has have having he her here him his how i if in into is
    it its many may me might more most much must my no not of on once only or other our out over per
    say says she should so some such than that the their them then there these they this those to
    under until up us was we were what when where which while who whom whose why will with would you
    your
    """.split()  # noqa: SIM905 (a list would take a line for each word)
)


# Of other languages, beside their commonest words: those of questions.
_QUESTION_WORDS = {
    "de": "wie was wer wen wem wann wo wohin woher warum wieso welche welcher welches welchen hoch "
    "viel viele lange gibt hat haben muss kann können unser unsere",
    "fr": "quel quelle quels quelles quand où comment pourquoi combien quoi est-ce y a-t-il faut",
    "nl": "wat wie wanneer waar hoe waarom welke hoeveel hoog lang moet kan heeft",
    "es": "qué cuál cuáles quién quiénes cuándo dónde cómo cuánto cuánta cuántos cuántas de a hay",
    "it": "che cosa quale quali chi quando dove come quanto quanta quanti quante perché a i",
    "pt": "qual quais quem quando onde quanto quanta quantos quantas de a há",
    "pl": "kto kogo komu co gdzie kiedy skąd dokąd dlaczego jak ile jaki jaka jakie który która "
    "które czy ma mają z",
    "cs": "kdo co kde kdy kam odkud proč jak kolik jaký jaká jaké který která které v",
    "sv": "vem vad var när vart varför hur vilken vilket vilka många mycket har",
    "da": "hvem hvad hvor hvornår hvorfor hvordan hvilken hvilket hvilke mange meget har",
    "nb": "hvem hva hvor når hvorfor hvordan hvilken hvilket hvilke mange mye har",
}


def keywords_of(question: str) -> str:
    """Return the question without stop words; the whole question if nothing else is left."""
    words = [word for word in words_of(question) if word.lower() not in STOP_WORDS]
    return " ".join(words) or question


def stop_words_in(language: str) -> frozenset[str]:
    """Return the stop words of a language."""
    if language == DEFAULT_LANGUAGE:
        return STOP_WORDS
    return common_words(language).union(_QUESTION_WORDS.get(language, "").split())


def stop_words_of(question: str) -> frozenset[str]:
    """Return the stop words of the language that a question seems to be in."""
    language = guess_language(question)
    if language not in _QUESTION_WORDS:
        return STOP_WORDS
    return common_words(language).union(_QUESTION_WORDS[language].split())
