"""Where sentences begin and end, in the languages of the people who ask."""

from __future__ import annotations

import pytest

from jobs.language import guess_language
from jobs.sentences import sentence_spans, split_into_sentences

# Each string is one sentence; a full stop within it ends none.
SENTENCES = {
    "de": [
        "Der Vertrag über die Halle endet am 30. September 2030.",
        "Er verlängert sich nicht von selbst.",
        "Das gilt z. B. für Hallen nach Art. 12 Abs. 1 Nr. 3 DSGVO.",
        "Siehe § 3 Abs. 2.",
        "Die Miete beträgt ca. 1.250,00 EUR inkl. MwSt. und ist am 3. Werktag fällig.",
        "Im 3. Jh. v. Chr. stand hier die 2. Mauer.",
        "Es sind 14.",
        "Das ist viel für Prof. Dr. Müller, Hrsg. Meyer und die Kanzlei, Tel. 30 12.",
        "Der Mieter zahlt 5.000 EUR mtl. zzgl. Nebenkosten für 500 qm.",
        "Dazu kommen Strom, Wasser usw.",
        "Die Kosten für Stand: 15. Okt. 2023 trägt er.",
    ],
    "fr": [
        "M. Dupont a signé le bail, voir p. 4 et art. 12 al. 2 du Code.",
        "Le délai prend fin le 30 sept. 2030 (cf. annexe n. 3).",
        "Au 1er trim. 2030, la société a payé.",
        "« Le locataire paie. »",
        "C'est écrit ainsi au bd. Voltaire, env. 500 € T.T.C. par mois.",
        "Est-ce vrai ?",
        "Oui !",
    ],
    "nl": [
        "Dit geldt bijv. voor hallen, d.w.z. m.b.t. de huur.",
        "De heer mr. J. de Vries en dhr. Jansen tekenden op 30 sept. 2030.",
        "Zie blz. 4 en art. 3 lid 2.",
        "Het is van de fa. Smit B.V. te Gent.",
    ],
    "es": [
        "Esto vale p. ej. para el Sr. García en la pág. 4.",
        "Vive en EE. UU. desde 2010, en la Av. Libertador núm. 5.",
        "¿Cuánto cuesta?",
        "Cuesta aprox. 500 euros.",
    ],
    "it": [
        "Il Sig. Rossi e la Sig.ra Bianchi hanno firmato l'art. 3 co. 2 del D.Lgs. n. 50.",
        "Il dott. Verdi paga ca. 500 euro alla Neri S.p.A. per la pag. 4.",
        "L'avv. Gallo non paga.",
    ],
    "en": [
        "This applies e.g. to No. 5 on p. 4, i.e. to U.S. law.",
        "Dr. Smith moved to the U.S. in 1990.",
        "He works for Acme Corp. in Boston, see Sec. 3 and Fig. 4.",
        "She left the U.S.",
        "The fee is $1,250.00 on Dec. 31.",
        "The answer is no.",
        "It rises by 5 %.",
        "Well... maybe.",
        "It was the end…",
        "A new one began.",
        "He said “Stop. Now.”",
        "Then he left.",
    ],
}


@pytest.mark.parametrize("language", SENTENCES)
def test_abbreviations_and_dates_end_no_sentence(language: str) -> None:
    """The sentences of a text come back as they were, in its guessed language."""
    text = " ".join(SENTENCES[language])
    assert guess_language(text) == language
    assert split_into_sentences(text) == SENTENCES[language]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("租金是五千元。租期三年！是否续租？", ["租金是五千元。", "租期三年！", "是否续租？"]),
        ("彼は「行く。」と言った。次の日です。", ["彼は「行く。」と言った。", "次の日です。"]),
        ("यह अनुबंध है। क्या यह सही है? हाँ।", ["यह अनुबंध है।", "क्या यह सही है?", "हाँ।"]),
        ("สัญญาสิ้นสุดวันที่ 30 กันยายน", ["สัญญาสิ้นสุดวันที่ 30 กันยายน"]),
        ("Срок 30 мая 2030 г. в Москве. См. п. 3.", ["Срок 30 мая 2030 г. в Москве.", "См. п. 3."]),
    ],
)  # fmt: skip
def test_other_scripts_have_their_own_full_stops(text: str, sentences: list[str]) -> None:
    """。！？ and the danda end sentences; Thai has no mark."""
    assert split_into_sentences(text) == sentences


def test_lists_headings_and_empty_lines_end_sentences() -> None:
    """An item is a sentence with its mark; its number ends none; a wrapped line goes on."""
    text = "2. Impact\n\n- first item\n- second item. More\n  of it\n1. One\n\nThe end\nis near."
    assert split_into_sentences(text) == [
        "2. Impact",
        "- first item",
        "- second item.",
        "More\n  of it",
        "1. One",
        "The end\nis near.",
    ]


def test_spans_are_positions_in_the_text() -> None:
    """Characters, not bytes; white space belongs to no sentence."""
    text = " Größe 👍.  Ende.\n"
    assert [text[start:end] for start, end in sentence_spans(text)] == ["Größe 👍.", "Ende."]


@pytest.mark.parametrize("unit", ["« ", "“ ", "a. ", "(a. ", "A.", "1. ", "?!", "..", "\n", "x"])
def test_hostile_text_keeps_all_its_letters(unit: str) -> None:
    """However long a sentence, and whatever is never closed: nothing is lost or read twice."""
    text = unit * 20_000
    sentences = split_into_sentences(text)
    assert "".join("".join(sentences).split()) == "".join(text.split())


def test_half_a_character_breaks_no_text() -> None:
    """What a model may write counts as any other character."""
    assert split_into_sentences("It is \ud800 so. And more.") == ["It is \ud800 so.", "And more."]
