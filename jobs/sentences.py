"""Where the sentences of a text begin and end, in any language.

sentencex knows the full stops of all scripts and the abbreviations of the language. What it cuts in
spite of that is joined again here: ordinals ("am 30. September", "3. Jh."), initials, and the
abbreviations that its lists lack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import sentencex

from jobs.language import common_words, guess_language

Span = tuple[int, int]

# sentencex takes quadratic time for quotation marks that are never closed: it sees no more at once.
PIECE_CHARS = 600

# No sentence goes on across an empty line, into the next item of a list, or into another table row.
_MARK = r"(?:[-*+•◦▪–·]|\(?\d{1,3}[.)]|[a-z]\))"
_BLOCK = re.compile(rf"\n[^\S\n]*\n\s*|\n(?=[^\S\n]*(?:{_MARK}\s|\|))")
_LIST_MARK = re.compile(rf"\s{{0,40}}{_MARK}\s+")

# Abbreviations before a number or a name, lower case, where a language's list lacks them.
_ABBREVIATIONS = frozenset(
    """
    abb abs abschn al alin anh anl anm approx aprox app art aufl av avv az bd bijv bl blz bkz
    bsp bzw ca cap cf ch co col d.lgs dhr dipl dir dott dr ed eds ej env evtl excl exkl fa fig
    figs ff ggf gr hr hrsg ing inkl jh jr kap kl lfd lit lt max mevr mind mio mme mlle mr mrd
    mrs mw nr núm n no nos num ord pag pág págs par pos pp p prof rdn rdnr rev rn rz s sec sect
    seq sez sig sra srta sr st stk str tab tel tit ud uds ust vgl vol vols zff ziff zit č čl
    odst pkt poz zob ks esim md hlm ks ст п гл рис табл см тел кв ул стр с пп ч jan feb febr mrt
    mär apr avr jun juin jul juil aug août ago sep sept set oct okt ott out nov dec dez dic déc
    ene abr ag gen mag giu lug
    """.split()  # noqa: SIM905 (a list would take a line for each word)
)
# Before a name as well: a capital letter behind them begins no sentence.
_TITLES = frozenset(
    """
    abb abs abschn anh anl anm av avv bd bkz bl blz bsp bzw ca cf dhr dipl dott dr env evtl exkl
    fa fig ggf hr hrsg ing inkl jh kap lfd lit mevr mind mio mlle mme mr mrd mrs ms núm pág prof
    rdnr rn sig sra srta sr tab vgl ul vs ziff zit zob čl ks esim d.lgs ee z d i u o s.p.a s.a
    """.split()  # noqa: SIM905
)
# Abbreviations that end many sentences, where a word follows that begins many.
_LAST_WORDS = frozenset(
    "etc usw usf ecc enz inc ltd corp llc jr a.m p.m u.s u.s.a u.k e.u no art sun sat".split()  # noqa: SIM905
)
_STARTER = re.compile(
    r"\.\s+(?=(?:The|This|These|It|He|She|They|We|You|I|In|If|But|How|What|When|Who|Why|Das|Die|Der|"
    r"Dies|Diese|Es|Er|Wir|Le|La|Les|Il|Elle|De|Het|Dit|El|Los|Las|Se|Gli|Lo)\b)"
)
_ELLIPSIS = re.compile(r"…\s+(?=[A-ZÀ-ÖØ-Þ])")

_NO_VOWEL = re.compile(
    r"(?!(?:[ckm]?m|qm|k?g|kwh?|ft|hl|ml|[gmt]b)\.)[A-Z]?[b-df-hj-np-tv-xzß]{1,5}\."
)
# Languages with words such as "prst".
_SYLLABIC_R = ("cs", "sk")
SHORT_WORD_CHARS = 4
_ITEM = re.compile(r"\d{1,3}[.)]\s")
# e.g., z.B., U.S.
_LETTERS = re.compile(r"(?:[^\W\d_]\.){2,}")
_TIMES = ("a.m.", "p.m.")
_ELIDED = re.compile(r"^\w+['’](?=\w)")  # l'art.
_ORDINAL = re.compile(r"\d{1,2}\.")
_ORDINAL_LANGUAGES = frozenset(("de", "da", "nb", "cs", "sk", "fi", "hu", "pl"))
# German words that an ordinal follows, and nouns that follow one.
_BEFORE_ORDINAL = frozenset(
    """
    der die das dem den des am im vom zum zur beim ins ab bis seit diese dieser diesem jede
    jeder jedem jeden ihr ihre sein seine mein unser und oder den det de
    """.split()  # noqa: SIM905
)
_AFTER_ORDINAL = re.compile(
    r"(?:Jan|Feb|Mär|Apr|Mai\b|Jun|Jul|Aug|Sep|Okt|Nov|Dez|Jh|Jahrh|Jahrg|Quartal|Halbjahr|Stock|"
    r"Etage|OG\b|UG\b|Auflage|Aufl\.|Senat|Kammer|Änderung)"
)
# White space, quotation marks, brackets and markup that a sentence may begin with.
OPENING = " \t\r\n\u00a0\u202f\"'„“”«»‘’([*_-–—"
# 「…。」と言った: who said it follows.
_JAPANESE_QUOTATIVES = ("と", "って")
# So much of the text before a cut says whether the sentence goes on.
TAIL_CHARS = 40


def sentence_spans(text: str, language: str | None = None) -> list[Span]:
    """Return the half-open spans of the sentences of a text, in order, without white space around.

    Takes time linear in the length of the text. Headings and items of lists end where their line
    does if an empty line or another item follows; the mark of an item belongs to its sentence. The
    language (ISO 639-1) is guessed if none is given.
    """
    known = language or guess_language(text)
    return [
        trimmed
        for start, end in _blocks(text)
        for span in _spans(text, start, end, known)
        if (trimmed := _trimmed(text, *span))
    ]


def split_into_sentences(text: str, language: str | None = None) -> list[str]:
    """Return the sentences of a text, in order."""
    return [text[start:end] for start, end in sentence_spans(text, language)]


def _blocks(text: str) -> Iterator[Span]:
    start = 0
    for match in _BLOCK.finditer(text):
        yield start, match.start()
        start = match.end()
    yield start, len(text)


def _spans(text: str, start: int, end: int, language: str) -> Iterator[Span]:
    """Yield the spans of the sentences of one block; the last of them ends with the block."""
    mark = _LIST_MARK.match(text, start, end)
    at = mark.end() if mark else start
    while at < end:
        stop = min(at + PIECE_CHARS, end)
        # Half of a character, as models may write, becomes a question mark for sentencex.
        piece = text[at:stop].encode(errors="replace").decode()
        # What the end of a piece looks like depends on what follows: begin anew from a sentence.
        cuts = [cut for cut in _cuts(piece, language) if stop == end or cut <= PIECE_CHARS - 100]
        for cut in cuts:
            yield start, at + cut
            start = at + cut
        at = start if stop < end and start - at > PIECE_CHARS / 2 else stop
    yield start, end


def _cuts(piece: str, language: str) -> list[int]:
    """Return where in a piece a sentence ends, in order."""
    cuts = {
        boundary["end_index"]
        for boundary in sentencex.get_sentence_boundaries(language, piece)
        if boundary["end_index"] < len(piece)
        and not _goes_on(piece, boundary["end_index"], language)
    }
    cuts.update(match.end() for match in _ELLIPSIS.finditer(piece) if match.start())
    cuts.update(
        match.end()
        for match in _STARTER.finditer(piece)
        if _words_before(piece, match.start())[-1].lower() in _LAST_WORDS
    )
    return sorted(cuts)


def _words_before(piece: str, end: int) -> list[str]:
    """Return the last words before a position, at least one; the first may be cut off."""
    return piece[max(0, end - TAIL_CHARS) : end].split() or [""]


def _goes_on(piece: str, cut: int, language: str) -> bool:
    """Return whether the sentence goes on behind a cut that sentencex made."""
    words = _words_before(piece, cut)
    stop = words[-1][-1:]
    following = piece[cut : cut + 20].lstrip(OPENING)
    if not stop or not following:
        return False
    if (following[0].islower() or following[0] == "§") and stop in ".…!?)]\"'”’»“":
        return True
    if stop in "」』":
        return following.startswith(_JAPANESE_QUOTATIVES)
    if stop != ".":
        return False
    if not piece[cut - 1].isspace() and (piece[cut].isalnum() or piece[cut] in "-º°ª"):
        return True  # nothing stands between: an address, T.T.C., J.-C.
    words[-1] = _ELIDED.sub("", words[-1].lstrip(OPENING))
    if _ORDINAL.fullmatch(words[-1]):
        return _is_ordinal(words[:-1], following, language)
    return _is_abbreviation(words[-1], following, language)


def _is_ordinal(words: list[str], following: str, language: str) -> bool:
    """Return whether a number with a full stop behind these words is a 3rd rather than a 3."""
    if _AFTER_ORDINAL.match(following):
        return True
    if not words or not "".join(words).strip(OPENING):
        return True  # the number of a heading or an item
    if words[-1][-1] in ".!?" and words[-1][:-1].lower() not in _ABBREVIATIONS:
        return True  # the number of an item in the line
    if following[0].isdigit():  # 30. 9. 2028
        return bool(_ORDINAL.fullmatch(words[-1]) or _ORDINAL.match(following))
    return language in _ORDINAL_LANGUAGES and words[-1].lower() in _BEFORE_ORDINAL


def _is_abbreviation(word: str, following: str, language: str) -> bool:
    """Return whether a word with a full stop is short for another."""
    if len(word) == 2 and word[0].isupper() and word[0] != "I":
        return True  # an initial
    if _LETTERS.fullmatch(word):
        return word.lower() not in _TIMES
    name = word[:-1].lower()
    if _NO_VOWEL.fullmatch(word) and language not in _SYLLABIC_R:
        return True  # zzgl., mtl.
    if not following[0].isdigit():
        return name in _TITLES
    # Few sentences begin with a figure that numbers no item.
    is_short = language != "en" and len(name) <= SHORT_WORD_CHARS and name.isalpha()
    is_item = _ITEM.match(following)
    return name in _ABBREVIATIONS or (
        is_short and not is_item and name not in common_words(language)
    )


def _trimmed(text: str, start: int, end: int) -> Span | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None
