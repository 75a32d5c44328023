"""The terms of passages and questions."""

from __future__ import annotations

import pytest

from jobs.search.analysis import FILLER_WEIGHT, counts_in_length, question_terms, terms_of


def shared(question: str, passage: str, language: str = "") -> set[str]:
    """The terms by which a question finds a passage."""
    return set(question_terms(question, [language] if language else [])) & set(
        terms_of(passage, language)
    )


@pytest.mark.parametrize(
    ("question", "passage", "language"),
    [
        ("acquisitions", "The company acquired nothing; no acquisition was made.", "en"),
        ("Kündigungen", "Die Kündigung bedarf der Schriftform.", "de"),
        ("contrats résiliés", "Le contrat résilié prend fin.", "fr"),
        ("credito", "El crédito vence en junio.", "es"),
        ("договоры", "Договор вступает в силу.", "ru"),
        ("avtalen", "Avtalet gäller ett år.", "sv"),
    ],
)
def test_words_are_found_in_other_forms(question: str, passage: str, language: str) -> None:
    """Stems of its language, without accents, are compared."""
    assert shared(question, passage, language)


def test_a_question_has_the_stems_of_the_documents() -> None:
    """Two words do not tell their language; those of the documents are known."""
    assert shared("Gebühren Verspätungen", "Die Gebühr bei Verspätung beträgt 50 EUR.", "de")


@pytest.mark.parametrize(
    ("question", "passage", "language"),
    [
        ("Frist der Kündigung", "Die Kündigungsfrist beträgt drei Monate.", "de"),
        ("Welche Halle ist gemietet?", "Der Vertrag über die Lagerhalle endet.", "de"),
        ("Wie hoch ist die Mietkaution?", "Die Kaution beträgt drei Mieten.", "de"),
        ("termijn", "De opzegtermijn is drie maanden.", "nl"),
    ],
)
def test_compounds_are_found_by_their_parts(question: str, passage: str, language: str) -> None:
    """A part of a compound is found alone, and the other way round."""
    assert shared(question, passage, language)


def test_a_part_weighs_less_than_the_compound() -> None:
    """Who asks for a deadline of notice does not ask for any deadline."""
    terms = question_terms("Kündigungsfrist", ["de"])
    assert terms["kundigungsfrist"] == 1
    assert 0 < terms["frist"] < 1


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("次回の会議はどこで行いますか？", "次回の会議は大阪で行います。"),
        ("下次会议在哪里举行？", "下次会议将在成都举行。"),
        ("税是多少？", "增值税为百分之六。"),
        ("งบประมาณเท่าไร", "งบประมาณทั้งหมดสองล้านบาท"),
        ("회의는 언제입니까?", "다음 회의가 열립니다."),
        ("ថវិកា", "ថវិកាសរុបគឺពីរលាន"),
        ("ງົບປະມານ", "ງົບປະມານທັງໝົດສອງລ້ານ"),
    ],
)
def test_scripts_without_spaces_are_found_by_pairs_of_letters(question: str, passage: str) -> None:
    """A sentence without spaces is found by a part of it."""
    assert shared(question, passage)


@pytest.mark.parametrize("question", ["FY2018", "FY 18", "fy18", "FY’18", "2018", "GJ2018"])
def test_fiscal_years_are_years(question: str) -> None:
    """However a fiscal year is written, it is that year."""
    assert "2018" in question_terms(question)


@pytest.mark.parametrize(
    "question", ["Q2 2023", "Q22023", "Q2'23", "2Q23", "2023Q2", "FY2023Q2", "q2 fy23"]
)
def test_quarters_are_quarters_of_years(question: str) -> None:
    """However a quarter is written, it is that quarter and its year."""
    assert {"q2", "2023"} <= set(question_terms(question))


def test_a_season_is_both_of_its_years() -> None:
    """ "2021/22" is found by either year; "2021/30" is no season."""
    assert {"2021", "2022"} <= set(terms_of("Geschäftsjahr 2021/22"))
    assert "2022" not in terms_of("2021/30")


@pytest.mark.parametrize(
    "text",
    [
        "1st July 2022",
        "July 1, 2022",
        "Jul. 1, 2022",
        "01.07.2022",
        "2022-07-01",
        "07/01/2022",
        "1. Juli 2022",
        "1er juillet 2022",
        "1 de julio de 2022",
        "2022年7月1日",
        "2022년 7월 1일",
    ],
)
def test_dates_are_days(text: str) -> None:
    """However a date is written, it is that day."""
    assert "2022-07-01" in terms_of(text)


def test_no_day_is_made_of_other_numbers() -> None:
    """There is no month 31, and no day 45."""
    assert not [term for term in terms_of("12/31/2024, 45.12.2024") if term == "2024-31-12"]
    assert "2024-12-31" in terms_of("12/31/2024")


@pytest.mark.parametrize(
    ("question", "passage"),
    [("1577.5", "$1,577.50"), ("1.577,50", "1577.5"), ("8.70", "8.7"), ("2,000", "2000 EUR")],
)
def test_numbers_are_found_however_they_are_written(question: str, passage: str) -> None:
    """Separators of thousands and zeros at the end say nothing."""
    numbers = [term for term in terms_of(question) if not counts_in_length(term)]
    found = {term.removeprefix("#") for term in terms_of(passage)}
    assert {number.removeprefix("#") for number in numbers} <= found


def test_numbers_do_not_make_a_passage_longer() -> None:
    """A row of figures is as long as its words."""
    terms = terms_of("Revenue 1,204 1,187 1,150 12.5% 2018")
    assert [term for term in terms if counts_in_length(term)] == ["revenu", "2018"]


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("PP&E", "PP&E, net"),
        ("10k", "Form 10-K"),
        ("US GAAP", "under U.S. GAAP"),
        ("M&A", "costs of M&A"),
    ],
)
def test_abbreviations_are_one_word(question: str, passage: str) -> None:
    """Marks between the letters of an abbreviation do not part it."""
    assert set(question_terms(question)) <= set(terms_of(passage, "en"))


def test_stop_words_are_left_out_unless_they_are_an_acronym() -> None:
    """ "it" says nothing, "IT" does."""
    assert "it" not in question_terms("How much is it for a hotel?")
    assert "it" in question_terms("Who heads IT?")


def test_filler_weighs_less_than_what_is_asked() -> None:
    """How to answer is not what is asked."""
    terms = question_terms("Please give an answer based on the details shown: hotel limit?")
    assert terms["hotel"] == terms["limit"] == 1
    assert terms["detail"] == FILLER_WEIGHT


@pytest.mark.parametrize("question", ["Give details.", "Who is it?"])
def test_a_question_of_nothing_else_searches_what_it_has(question: str) -> None:
    """Where only stop words and filler are asked, they count in full."""
    assert max(question_terms(question).values()) == 1


def test_marks_alone_have_no_terms() -> None:
    """There may be nothing to search for."""
    assert question_terms("?!") == {}
    assert terms_of("…") == []
