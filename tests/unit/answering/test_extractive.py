"""Answers that quote."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from jobs.answering.extractive import Extractive
from jobs.answering.quotable import split_sentences
from jobs.answering.sentence_ranking import best_quotes
from jobs.glossary.rules import Rule
from jobs.glossary.term_finder import TermFinder
from jobs.llm.rewriting import Rewriting, Turn
from jobs.models import Passage

HOTEL = Turn("What is the hotel limit per night?", "It is EUR 160.")


def passage(text: str, number: int = 1) -> Passage:
    return Passage(str(number), "d", "d.md", text)


TRAVEL = passage(
    "# Hotels\n\nBook early. The hotel limit is EUR 160 per night, including breakfast.\n"
    "- Taxis are paid with a receipt.\n"
)
OTHER = passage("The warehouse in Ghent opened in 2014 and holds 31,500 pallets.", 2)


def test_best_sentence_is_quoted_with_its_passage() -> None:
    """The sentence that holds the question's words comes first, cited by passage number."""
    quotes = best_quotes("What is the hotel limit per night?", [OTHER, TRAVEL])
    assert quotes[0].sentence == "The hotel limit is EUR 160 per night, including breakfast."
    assert quotes[0].number == 2


def test_inflected_words_meet() -> None:
    """A question about opening finds a sentence that says opened."""
    assert best_quotes("When did the Ghent warehouses open?", [TRAVEL, OTHER])[0].number == 2


def test_the_words_of_the_heading_above_count() -> None:
    """For a sentence that has another of the question's words itself."""
    articles = passage(
        "2. Fees\n\nThe fee is 410 euro per lift.\n\n3. Liability\n\n"
        "Liability is capped at 2 million euro.\n\nNothing else is said here."
    )
    quotes = best_quotes("What does article 3 say about liability?", [articles])

    assert [quote.sentence for quote in quotes] == ["Liability is capped at 2 million euro."]


def test_unrelated_question_has_no_quote() -> None:
    """Better nothing than a sentence that shares one word."""
    assert best_quotes("Who won the world cup of 1998?", [TRAVEL, OTHER]) == []
    assert list(Extractive().stream("Who won the world cup of 1998?", [TRAVEL])) == []


def test_short_rows_of_tables_are_quoted() -> None:
    """A label with its value is an answer, though it has but two words."""
    facts = passage("Company: Noordzee BV\n\nTurbines: 54\n\nFounded: 2011")
    assert best_quotes("How many turbines?", [facts])[0].sentence == "Turbines: 54"


def test_rows_without_headings_are_quoted() -> None:
    """What the heading would say is in no row; the name of the row is enough."""
    ports = passage("Rotterdam; 24.0; Netherlands\n\nHamburg; 16.7; Germany\n\nVigo; 18; Spain")
    quotes = best_quotes("What is the depth of Hamburg?", [ports])
    assert [quote.sentence for quote in quotes] == ["Hamburg; 16.7; Germany"]


def test_a_question_in_polish_finds_its_row() -> None:
    """Its question words are none to look for, and a word is found in another case."""
    prices = passage(
        "Miasto: Łódź; Opłata: 120 zł; Właściciel: Żaneta Wójcik\n\n"
        "Miasto: Gdańsk; Opłata: 140 zł; Właściciel: Łukasz Dąbrowski"
    )
    quotes = best_quotes("Kto jest właścicielem w mieście Łódź?", [prices])
    assert quotes[0].sentence == "Miasto: Łódź; Opłata: 120 zł; Właściciel: Żaneta Wójcik"


def test_same_sentence_of_overlapping_passages_is_quoted_once() -> None:
    """Passages overlap; the answer does not repeat itself."""
    assert len(best_quotes("What is the hotel limit per night?", [TRAVEL, TRAVEL])) == 1


def test_markdown_and_wrapped_lines_become_plain_sentences() -> None:
    """Headings are left out, markup and hard line breaks go, items stand alone."""
    text = (
        "## Title\n\nA **bold** claim that\nis wrapped. See [the page](x.html) now please.\n"
        "- An item of the list"
    )
    assert split_sentences(text) == [
        "A bold claim that is wrapped.",
        "See the page now please.",
        "An item of the list",
    ]


def test_abbreviation_and_decimal_do_not_end_a_sentence() -> None:
    """e.g. and 3.1 stay inside."""
    assert split_sentences("Use e.g. Ghent for 3.1 MW plants there.") == [
        "Use e.g. Ghent for 3.1 MW plants there."
    ]


def test_pdf_heading_is_not_part_of_the_sentence_below() -> None:
    """A short line without a stop, between sentences, is a heading."""
    assert split_sentences(
        "It was so in 2025.\nDividend\nThe Board proposes EUR 0.28 per share."
    ) == [
        "It was so in 2025.",
        "The Board proposes EUR 0.28 per share.",
    ]


def test_words_of_the_question_before_are_put_in_front() -> None:
    """Without a model, keywords that the follow-up lacks come from the question before it."""
    rewriting = Extractive().rewrite("And the limits in Oslo?", [Turn("Old?", "x"), HOTEL])
    assert rewriting == Rewriting("hotel night: And the limits in Oslo?")


def test_follow_up_with_all_the_words_stays_as_it_is() -> None:
    """Nothing is put in front of a question that lacks nothing."""
    question = "Is the hotel limit per night higher in Oslo?"
    assert Extractive().rewrite(question, [HOTEL]) == Rewriting(question)


@pytest.mark.parametrize(
    ("question", "text", "quoted"),
    [
        (
            "What does article 3 say about liability?",
            "3. Liability\n\nIt is capped at 2 million euro.",
            "It is capped",
        ),
        (
            "What is the depth of Hamburg?",
            "Rotterdam; 24.0; Netherlands\n\nHamburg; 16.7; Germany",
            "16.7",
        ),
        (
            "Wie hoch sind die Gebühren in Emden?",
            "Hafen: Kiel; Gebühr: 7 EUR\n\nHafen: Emden; Gebühr: 9 EUR",
            "9 EUR",
        ),
        (
            "Who is the owner of risk R3?",
            f"Risk: R3; About: {'It may well happen. ' * 9}; Owner: Ann Lee.",
            "Ann Lee",
        ),
    ],
)
def test_heading_first_cell_and_forms_of_words_count(question: str, text: str, quoted: str) -> None:
    """What a sentence is about may stand above it, at the start of its row, or with an ending."""
    other = passage("The crane is painted every year in the spring.")
    assert quoted in best_quotes(question, [other, passage(text, 2)])[0].sentence
    assert best_quotes(question, [other]) == []


@pytest.mark.parametrize(
    ("question", "answer", "other"),
    [
        (
            "Wie hoch sind die Gebühren bei Verspätung?",
            "Die Gebühr beträgt bei verspäteter Zahlung 1.250,00 EUR.",
            "Die Parteien wählen für die Halle das Recht am Ort der Halle.",
        ),
        (
            "Quels sont les frais de résiliation ?",
            "Les frais en cas de résiliation sont de 500 € selon l'art. 3.",
            "Le bail est signé par les parties dans la ville.",
        ),
        ("预算是多少？", "预算为两百万元，由李娜负责。", "下次会议于十月三日在成都举行。"),
        ("予算はいくらですか？", "予算は二百万円とする。", "次回の会議は大阪で行う。"),
        ("งบประมาณเท่าไร", "งบประมาณคือสองล้านบาทสำหรับปีนี้", "การประชุมจะจัดขึ้นที่เชียงใหม่ในเดือนหน้า"),
    ],
)
def test_sentence_is_found_in_the_language_of_the_question(
    question: str, answer: str, other: str
) -> None:
    """Words of questions and endings do not count, nor that no space stands between words."""
    passages = [passage(f"{other}\n\n{answer}")]
    assert [quote.sentence for quote in best_quotes(question, passages)] == [answer]


def quoted(question: str, *texts: str) -> list[str]:
    passages = [passage(text, number) for number, text in enumerate(texts, 1)]
    return [quote.sentence for quote in best_quotes(question, passages)]


CITIES = "City: Paris; Hotel limit: EUR 220\n\nCity: Amsterdam; Hotel limit: EUR 180"


@pytest.mark.parametrize(
    "question",
    [
        "What is the hotel limit in London?",
        "Limit in London",
        "hotel limit in london",
        "What is the hotel limit for New York?",
        "Quelle est la limite de l'hôtel à Londres ?",
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        CITIES,
        "The hotel limit in Paris is EUR 220 per night.",
        f"{CITIES}\n\nOur office was opened years ago.",
    ],
)
def test_limit_of_another_city_is_not_quoted(question: str, text: str) -> None:
    """What the question names has to be there."""
    assert quoted(question, text) == []


def test_row_of_the_city_is_quoted_where_it_is_there() -> None:
    """Though another city's has the same words, and whoever wrote the question forgot an accent."""
    rows = f"{CITIES}\n\nCity: Malmö; Hotel limit: EUR 210"
    assert quoted("What is the hotel limit in Malmo?", rows) == [
        "City: Malmö; Hotel limit: EUR 210"
    ]


def test_city_that_is_named_elsewhere_in_the_document_lends_no_other_row() -> None:
    """Nor a sentence that names another place."""
    text = f"Our office in London opened early.\n\n{CITIES}\n\nThe hotel limit in Rome is EUR 190."
    assert quoted("What is the hotel limit in London?", text) == []


def test_document_can_be_about_the_name() -> None:
    """A sentence need not repeat what its document or its heading says."""
    contract = Passage("1", "d", "Brundal agreement.pdf", "Invoices are payable in 45 days.")
    assert best_quotes("When are invoices of Brundal payable?", [contract])


def test_another_year_is_not_quoted() -> None:
    """Neither its sentence nor the row of its column."""
    question = "What was revenue in 2019?"
    assert quoted(question, "Revenue in 2025 was EUR 412 million.") == []
    assert quoted(question, "Item: Revenue; 2025: 412; 2024: 384\n\nHe left us in 2019.") == []
    assert quoted(question, "Item: Revenue; 2019: 301; 2018: 288")


@pytest.mark.parametrize(
    ("question", "other", "answer"),
    [
        (
            "How much does the parking permit cost?",
            "The parking permit is described at great length elsewhere.",
            "The parking permit is EUR 40 a month.",
        ),
        (
            "When is the parking permit renewed?",
            "The parking permit is renewed by the office.",
            "The parking permit is renewed in January.",
        ),
        (
            "Who renews the parking permit?",
            "It is the parking permit that renews itself.",
            "Ann Lee renews the parking permit for us.",
        ),
    ],
)
def test_what_is_asked_for_is_preferred(question: str, other: str, answer: str) -> None:
    """A figure, a time or somebody: a sentence without any tells nothing."""
    assert quoted(question, other, answer)[0] == answer


def test_meaning_finds_what_no_word_does() -> None:
    """With vectors, words alone do not decide; without a likeness, nothing is quoted."""

    def similarity(question: str, texts: Sequence[str]) -> list[float]:
        return [0.6 if "Salaries" in text else 0.1 for text in texts]

    passages = [passage("Salaries are paid on the 25th of each month."), OTHER]
    [quote] = best_quotes("When is payday?", passages, similarity)
    assert quote.sentence == "Salaries are paid on the 25th of each month."
    assert best_quotes("When is payday?", passages) == []
    assert best_quotes("When is payday?", [OTHER], similarity) == []


def test_row_is_quoted_below_the_caption_of_its_table() -> None:
    """The unit of its figures stands there."""
    rows = "Table 2: Results (EUR million)\n\nRevenue; 2025: 412.6; 2024: 384.1"
    [quote] = best_quotes("What was revenue in 2025?", [passage(rows)])
    assert quote.words == "Table 2: Results (EUR million): Revenue; 2025: 412.6; 2024: 384.1"


@pytest.mark.parametrize("end", ["", " Page 3 of 9"])
def test_what_is_printed_on_each_page_is_not_quoted(end: str) -> None:
    """It has the name of the document, and says nothing."""
    text = f"Haldermere Cold Chain Annual Report 2025{end}"
    assert quoted("What does the annual report say?", text) == []


def test_two_parts_of_a_question_have_a_quote_each() -> None:
    """Though the sentence for the one has no word of the other."""
    passages = [
        passage("The hotel limit is EUR 160 per night, including breakfast."),
        passage("A daily allowance of EUR 45 covers the meals of a trip.", 2),
    ]
    question = "What is the hotel limit per night, and what is the allowance for meals?"
    chunks = [chunk.text.strip() for chunk in Extractive().stream(question, passages)]
    assert chunks == [
        "The hotel limit is EUR 160 per night, including breakfast. [1]",
        "A daily allowance of EUR 45 covers the meals of a trip. [2]",
    ]


def test_words_about_answering_are_not_quoted() -> None:
    """A question may say how it wants to be answered."""
    question = "What is the hotel limit? Give a response relying on the details that are stated."
    passages = [
        passage("Additional details are stated in the response of Note 12."),
        passage("The hotel limit is EUR 160 per night.", 2),
    ]
    [chunk] = Extractive().stream(question, passages)
    assert chunk.text == "The hotel limit is EUR 160 per night. [2]"


LIMITS = [
    passage("The hotel limit is EUR 160 per night, including breakfast."),
    passage("Parking is paid by the company at every airport and station.", 2),
]


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("Compare the hotel limit with the limit for laundry.", "the limit for laundry."),
        (
            "What is the hotel limit, and who won the world cup?",
            "this: who won the world cup?",
        ),
        ("What are the hotel limit and the notice period?", "the notice period."),
    ],
)
def test_part_without_a_quote_is_named(question: str, missing: str) -> None:
    """It is not passed over, nor answered by what was found for the other part."""
    chunks = [chunk.text.strip() for chunk in Extractive().stream(question, LIMITS)]
    assert chunks == [
        "The hotel limit is EUR 160 per night, including breakfast. [1]",
        f"Nothing was found about {missing}",
    ]


def test_question_of_parts_without_any_quote_is_not_answered() -> None:
    """Nothing is written about what is missing, so that the nearest passages are shown."""
    question = "Who won the world cup, and what colour are the trucks?"
    assert list(Extractive().stream(question, LIMITS)) == []


def test_sentence_for_both_parts_is_quoted_once() -> None:
    """Both have their quote in it."""
    both = passage("The lease is signed by Ann Lee and runs for twelve years from May 2021.")
    chunks = list(Extractive().stream("Who signs the lease and how long does it run?", [both]))
    assert [chunk.text for chunk in chunks] == [f"{both.text} [1]"]


def test_name_of_the_document_tells_no_sentence() -> None:
    """It is in the question because it says where to look."""

    def similarity(question: str, texts: Sequence[str]) -> list[float]:
        is_named = "remote work policy" in question
        return [0.7 if is_named and "Remote Work Policy" in text else 0.3 for text in texts]

    policy = Passage(
        "1",
        "d",
        "remote-work-policy.md",
        "Internet is paid by the employee at home.\n\nThe Remote Work Policy applies to everybody.",
    )
    question = "What does the remote work policy say about"
    assert best_quotes(f"{question} pets?", [policy], similarity) == []
    [quote] = best_quotes(f"{question} internet?", [policy], similarity)
    assert quote.sentence == "Internet is paid by the employee at home."


CASH_FLOWS = (
    "CONSOLIDATED STATEMENT OF CASH FLOWS (in thousands)\n\nYear ended December 31, 2018 2017\n\n"
    "Cash flows from investing activities:\n\n"
    "Purchases of property, plant and equipment; (1,204); (1,117)\n\n"
    "Other investing activities:\n\nSales of land; 31; 22"
)


def test_row_is_quoted_below_all_its_headings() -> None:
    """The table's name, unit and periods, and the heading between its rows."""
    [quote] = best_quotes("What did sales of land bring in FY2018?", [passage(CASH_FLOWS)])
    assert quote.words == (
        "CONSOLIDATED STATEMENT OF CASH FLOWS (in thousands), Year ended December 31, 2018 2017, "
        "Cash flows from investing activities, Other investing activities: Sales of land; 31; 22"
    )


@pytest.mark.parametrize("year", ["FY2018", "2017"])
def test_figure_is_quoted_in_the_row_that_the_glossary_names(year: str) -> None:
    """However the question says how to answer; and not for a year that the table lacks."""
    capex = Rule("capital expenditure", ("purchases of property, plant and equipment",))
    quotes = Extractive().in_words_of(TermFinder([capex]))
    question = (
        f"What is the {year} capital expenditure amount (in USD thousands)? Give a response by "
        "relying on the details shown in the cash flow statement."
    )
    text = "".join(chunk.text for chunk in quotes.stream(question, [passage(CASH_FLOWS)]))
    assert "Purchases of property, plant and equipment; (1,204); (1,117) [1]" in text
    assert list(quotes.stream(question.replace(year, "2021"), [passage(CASH_FLOWS)])) == []


def test_line_of_figures_is_a_row() -> None:
    """A PDF without cells has its tables so."""
    text = "Summary (in millions) 2018 2017\n\nGross profit 1,204 1,117\nNet income 408 377"
    [quote] = best_quotes("What was gross profit in 2018?", [passage(text)])
    assert quote.words == "Summary (in millions) 2018 2017: Gross profit 1,204 1,117"


def test_heading_of_the_section_is_not_quoted() -> None:
    """It has the words of the question, and says nothing."""
    text = "Working from another country\n\nWorking from another country takes an approval."
    section = Passage("1", "d", "d.md", text, section="Rules › Working from another country")
    quotes = best_quotes("What does working from another country take?", [section])
    assert [quote.sentence for quote in quotes] == [
        "Working from another country takes an approval."
    ]


def test_word_with_a_capital_that_is_common_is_no_name() -> None:
    """ "In Cash" is no place, and FY2018 nobody."""
    text = "Our cash and cash equivalents fell as more cash was paid in 2018."
    assert quoted("Was there a drop in Cash and Cash equivalents in FY2018?", text) == [text]


def test_what_introduces_something_is_not_quoted() -> None:
    """The items below it are."""
    text = (
        "The limits for taxis in a city are as follows:\n\n- A taxi in a city costs EUR 30 at most."
    )
    assert quoted("What is the limit for taxis in a city?", text) == [
        "A taxi in a city costs EUR 30 at most."
    ]
