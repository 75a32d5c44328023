"""Checking the quotes of an answer against its cited passages."""

from __future__ import annotations

import pytest

from jobs.answering.quotes import MAX_QUOTE_CHARS, check_quotes
from jobs.models import Citation

PASSAGE = """The hotel limit is EUR 160 per night, including breakfast. The net-debt ratio must
not exceed 3.25 times adjusted EBITDA – a long-
term covenant – under the “senior” loan. Margins fell by -1.5 % in the warm ware\u00ad
houses. The board’s view: all well."""
CITATIONS = [
    Citation(1, "d1", "travel-and-expense-policy.docx", "p1", PASSAGE),
    Citation(4, "d2", "report.pdf", "p2", "The dividend is EUR 0.28 per share for 2025."),
]


def numbers(text: str) -> list[int | None]:
    return [quote.number for quote in check_quotes(text, CITATIONS)]


@pytest.mark.parametrize(
    "text",
    [
        "It says “the hotel limit is EUR 160 per night” [1].",
        'It says "The hotel limit is EUR 160 per night," and more.',
        "Es heißt „hotel limit is EUR 160“ dort.",
        "Il dit «hotel limit is EUR 160» là.",
        "Es heißt »hotel limit is EUR 160« dort.",
        "“The hotel\n  limit is EUR\u00a0160   per night”",
        "“THE HOTEL LIMIT IS EUR160 PER NIGHT.”",
        "“night, including breakfast. The net debt ratio”",
        "“net-debt ratio must not exceed 3.25 times”",
        "“net–debt ratio must not exceed”",
        "“adjusted EBITDA - a long-term covenant”",
        "“a longterm covenant”",
        "“under the 'senior' loan”",
        "“fell by −1.5 % in the warm warehouses”",
        "“fell by -1.5% in”",
        "“the board's view: all well”",
        "“**the hotel limit** is EUR 160”",
        "“the hotel limit is EUR 160 [1] per night”",
        "“the hotel limit … including breakfast”",
        "“... the hotel limit [...] including breakfast ...”",
        "“hotel limit is . . . including breakfast”",
        "the “Travel and Expense Policy” says so",
    ],
)
def test_quote_that_a_passage_has_is_verified(text: str) -> None:
    """White space, case, dashes, hyphens, quotation marks and ellipses make no difference."""
    assert numbers(text) == [1]


@pytest.mark.parametrize(
    ("text", "passage"),
    [
        ("« La résiliation est écrite »", "La re\u0301siliation est e\u0301crite."),
        ("«\u202fLa re\u0301siliation est e\u0301crite\u202f»", "La résiliation est écrite."),
        ("«\u00a0Elle coûte 1\u202f250,00\u00a0€\u00a0»", "Elle coûte 1 250,00 € par an."),
        ("“The first ﬁling ofﬁce”", "The first filing office is here."),
        ("“The first filing office”", "The \ufb01rst \ufb01ling o\ufb03ce is here."),
        ("„Die Kündi\u00adgung ist gültig“", "Die Ku\u0308ndi-\ngung ist gu\u0308ltig."),
        ("„Er sagt: ‚Das ist gut.‘“", "Er sagt: »Das ist gut.«"),
        ("”Avtalet upphör i september”", "Avtalet upphör i september."),
        ("“The fee was 12,345 in total”", "The fee was １２，３４５ in total"),
        ("“a fall of –5 % last year”", "a fall of -5 % last year"),
        ("「倉庫の賃料は月額」", "倉庫の賃料は月額五十万円です。"),
        ("“租金是五千元”", "仓库的租金是五千元。"),
        ("“किराया पाँच हज़ार है”", "यहाँ किराया पाँच हज़ार है।"),
        ("“שכר הדירה חודשי”", "שְׂכַר הַדִּירָה חודשי"),
        ("“İstanbul ofisi kapalı kalır”", "İstanbul ofisi kapalı kalır."),
        ("“half is 1/2 of it”", "half is ½ of it"),
    ],
)
def test_quote_is_verified_however_its_letters_are_encoded(text: str, passage: str) -> None:
    """Answer and passage are compared composed and folded, with the quotation marks of any land."""
    (quote,) = check_quotes(text, [Citation(1, "d1", "a.pdf", "p1", passage)])
    assert quote.number == 1


@pytest.mark.parametrize(
    ("text", "passage"),
    [
        ("“租金是六千元”", "仓库的租金是五千元。"),
        ("“किराया पाँच हजार है”", "यहाँ किराया पाच हज़ार है।"),
        ("« Elle coûte 1 350,00 € »", "Elle coûte 1 250,00 € par an."),
        ("“a rise of 5 % last year”", "a rise of –5 % last year"),
    ],
)
def test_letters_that_differ_are_told_in_any_script(text: str, passage: str) -> None:
    """Another figure, sign or vowel is another quote."""
    (quote,) = check_quotes(text, [Citation(1, "d1", "a.pdf", "p1", passage)])
    assert quote.number is None


@pytest.mark.parametrize(
    "text",
    [
        "“the hotel limit is EUR 150 per night”",
        "“the hotel limit is EUR 16 per night”",
        "“the hotel limit is EUR 160 a night”",
        "“the hotel limits is EUR 160”",
        "“otel limit is EUR 160”",
        "“hotel limit is EUR 160 per nigh”",
        "“not exceed 32.5 times adjusted EBITDA”",
        "“not exceed 325 times adjusted EBITDA”",
        "“not exceed 3 25 times adjusted EBITDA”",
        "“fell by 1.5 % in the warm warehouses”",
        "“fell by -1.5 in the warm”",
        "“fell by -15 % in the warm”",
        "“including breakfast … the hotel limit”",  # the other way round
        "“the … breakfast … loan”",  # words picked from anywhere
        "“hotel limit … per share for 2025”",  # out of two passages
        "“EBITDA the hotel limit”",
        "“hotel limit is [at most] EUR 160”",
    ],
)
def test_quote_that_no_passage_has_is_told(text: str) -> None:
    """A word, a number, a sign or an order that differs is no quote word for word."""
    assert numbers(text) == [None]


@pytest.mark.parametrize(
    "text",
    [
        "No quotes at all [1].",
        "the so-called “senior” loan",
        "the “warm warehouses” and the “senior loan”",  # two words are a name
        '5" of 6" pipes and 7" more words here',
        "`print(“some code that is quoted”)`",
        '```\n"a string in some code"\n```',
        "“opened and never closed, as models do at times",
        "“an opening.\n\nA paragraph later” it closes",
        "“" + "word " * (MAX_QUOTE_CHARS // 4) + "”",
        "“… … …”",
        "“— – —”",
    ],
)
def test_what_is_no_quote_is_left_alone(text: str) -> None:
    """Names of a word or two, inches, code and marks without a partner are not checked."""
    assert numbers(text) == []


def test_quotes_know_their_places_and_passages() -> None:
    """Each quote says where it stands in the answer, and which citation has it."""
    text = 'It is “EUR 0.28 per share” [4], "EUR 160 per night" [1], `code` “is not there at all”.'
    quotes = check_quotes(text, CITATIONS)
    assert [(text[quote.start : quote.end], quote.number) for quote in quotes] == [
        ("“EUR 0.28 per share”", 4),
        ('"EUR 160 per night"', 1),
        ("“is not there at all”", None),
    ]


def test_quote_without_any_passage_is_not_found() -> None:
    """An answer that cites nothing has nothing to quote from."""
    assert [quote.number for quote in check_quotes("“the hotel limit is”", [])] == [None]


def test_many_quotes_cost_little() -> None:
    """A hostile answer of marks without partners takes no long time."""
    for text in ("“" * 20_000, '" ' * 20_000, "„a " * 10_000):
        assert check_quotes(text, CITATIONS) == ()
    assert numbers("“a b c” " * 2_000) == [None] * 2_000
