"""What is guessed of tables as people make them: titles, notes, headings in any language."""

from __future__ import annotations

import pytest

from jobs.batches.guess_table import likely_column, likely_header_row, sheet_score

E = ""
BODY = [("1", "What is the limit?", "Ann"), ("2", "Who signs?", "Bob")]


@pytest.mark.parametrize(
    ("rows", "header_row", "column"),
    [
        # Titles, empty rows, and what was filled in above the table.
        ([("List", E, E), ("Project", E, E), (E, E, E), ("No.", "Question", "By"), *BODY], 3, 1),
        ([("Due diligence questions", E, E), ("No.", "Question", "Owner"), *BODY], 1, 1),
        ([("Date:", "2030", E), ("By:", "Ann", E), (E, E, E), ("No.", "Q", "Who"), *BODY], 3, 1),
        ([("Questionnaire", "v2", E), (E, E, E), ("Nr", "Frage", "Wer"), *BODY], 2, 1),
        ([("List", E, E), ("A", "B", "C"), *BODY], 1, 1),
        # No row names the columns.
        (BODY, None, 1),
        ([*BODY, (E, E, E), ("Fee", "Rent", "Tax"), *BODY], None, 1),
        ([("What is the limit?",), ("Who signs?",)], None, 0),
        # A title alone above questions.
        ([("List",), ("What is the limit?",), ("Who signs?",)], 0, 0),
        ([("A list of all that we have to know by Friday",), (E,), *[("Why?",)] * 3], 0, 0),
        ([("List", E, E), (E, E, E), *BODY], 0, 1),
        # Two headings, the first of groups of columns.
        ([("General", E, "For us"), ("No.", "Question", "Owner"), *BODY], 1, 1),
        # Several that are called so: the one that asks.
        ([("Question no.", "Question", "Notes"), *BODY], 0, 1),
        ([("Question", "Question (DE)"), ("", "Wer zahlt?"), ("Who?", "Wer?")], 0, 1),
    ],
)  # fmt: skip
def test_table_is_found_below_what_stands_above(
    rows: list[tuple[str, ...]], header_row: int | None, column: int
) -> None:
    """The row with the names, or none, and the column with the questions."""
    assert likely_header_row(rows) == header_row
    assert likely_column(rows, header_row) == column


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Question",
            "Questions",
            "Frage",
            "Prüffragen",
            "Vraag",
            "Pregunta",
            "Domanda",
            "Quesito",
        ),
        *("Pergunta", "Fråga", "Otázka", "Spørgsmål", "Pytanie", "Вопрос", "Питання", "Query"),
        *("问题", "問題", "質問", "질문", "السؤال", "שאלה", "प्रश्न", "คำถาม", "Prompt", "Soru"),
    ],
)
def test_column_is_known_by_its_name_in_any_language(name: str) -> None:
    """However the questions end, and whatever is longer."""
    rows = [("Id", name, "Notes"), ("1", "fee", "a long explanation of what is meant")]
    assert likely_header_row(rows) == 0
    assert likely_column(rows, 0) == 1


def test_sheet_of_questions_counts_before_longer_ones() -> None:
    """Instructions and lookups ask nothing, or have no column that is called so."""
    sheets = {
        "Instructions": [("Step", "What to do"), *[("1", "Do this, then that")] * 30],
        "Help": [("Column", "Meaning"), ("Question", "What you want to know"), ("Owner", "Who?")],
        "Countries": [("DE",)] * 200,
        "Sheet1": [("List", E), (E, E), ("No", "Question"), ("1", "Name the fee"), ("2", "Who?")],
    }
    assert max(sheets, key=lambda name: sheet_score(name, sheets[name])) == "Sheet1"
    del sheets["Sheet1"]
    sheets["Fragen"] = [("What is the limit?",), ("Who signs?",)]
    assert max(sheets, key=lambda name: sheet_score(name, sheets[name])) == "Fragen"
