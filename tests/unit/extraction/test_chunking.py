"""How blocks become passages: where they are cut, and what each knows of its place."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import pytest

from jobs.extraction.blocks import Block, Kind
from jobs.extraction.chunking import OVERLAP_CHARS, PASSAGE_CHARS, Piece, passages


def cut(*blocks: Block, unit: Literal["page", "slide"] = "page") -> list[Piece]:
    return list(passages(blocks, unit))


def heading(text: str, level: int = 1, page: int | None = None) -> Block:
    return Block(text, Kind.HEADING, level, page)


def row(number: int, text: str, caption: str = "Fees", sheet: str = "Prices") -> Block:
    cells = f"A{number}:C{number}"
    return Block(text, Kind.ROW, sheet=sheet, cells=cells, caption=caption)


def test_short_blocks_stand_together() -> None:
    """A short document is one passage, with its headings and paragraphs in order."""
    (piece,) = cut(heading("1 Scope"), Block("It holds here."), heading("2 Fees"), Block("None."))
    assert piece == Piece("1 Scope\n\nIt holds here.\n\n2 Fees\n\nNone.", section="1 Scope")


def test_long_section_ends_where_the_next_begins() -> None:
    """A heading is never the end of a passage; the next knows the headings above."""
    words = "All of it is said here. " * 30
    first, second = cut(heading("A"), Block(words), heading("B", 2), Block("Then. " * 10))
    assert first.text == f"A\n\n{words.strip()}"
    assert second.text.startswith("B\n\nThen.")
    assert (first.section, second.section) == ("A", "A › B")


def test_sections_of_the_same_level_follow_each_other() -> None:
    """A new chapter leaves the sections of the one before."""
    long = "It is so. " * 50
    blocks = [heading("A"), heading("A.1", 2), Block(long), heading("B"), Block(long)]
    assert [piece.section for piece in cut(*blocks)] == ["A › A.1", "B"]


def test_passage_stays_on_its_page() -> None:
    """What stands on two pages makes two passages, and a heading goes with what it is above."""
    blocks = [Block("One.", page=1), heading("Two", page=1), Block("Under it.", page=2)]
    assert [(piece.text, piece.first_page, piece.last_page) for piece in cut(*blocks)] == [
        ("One.", 1, 1),
        ("Two\n\nUnder it.", 2, 2),
    ]


@pytest.mark.parametrize(
    ("end", "start", "first"),
    [
        ("The fee is", "five euro. It is due.", "The fee is five euro."),
        ("It holds for guaran-", "tees too. More.", "It holds for guarantees too."),
        ("The fee is.", "five euro. It is due.", "The fee is."),
        ("The fee is", "Five Euro. It is due.", "The fee is"),
    ],
)
def test_sentence_that_runs_over_is_kept_whole(end: str, start: str, first: str) -> None:
    """Its end stands in the passage of its first page too, which says that it has two."""
    one, two = cut(Block(end, page=3), Block(start, page=4))
    assert one.text == first
    assert (one.first_page, one.last_page) == (3, 4 if first != end else 3)
    assert two.text == start


def test_rows_stand_below_their_caption_wherever_they_are_cut() -> None:
    """Each passage of a table says what it is of, and which cells it holds."""
    pieces = cut(*(row(number, f"Port: {number}; Fee: {'9' * 90}") for number in range(2, 40)))
    assert len(pieces) > 2
    assert all(piece.text.startswith("Fees\n\nPort: ") for piece in pieces)
    assert pieces[0].place.startswith("Prices!A2:C")
    assert pieces[-1].place.endswith(":C39")


def test_sheets_do_not_mix() -> None:
    """Another sheet begins another passage."""
    first, second = cut(row(2, "a: 1"), row(2, "b: 2", sheet="Other"))
    assert (first.place, second.place) == ("Prices!A2:C2", "Other!A2:C2")


def test_long_text_is_cut_between_sentences_and_repeats_one() -> None:
    """No passage is much longer than it may be, and each begins with the sentence before."""
    text = " ".join(f"This is sentence number {number} of them." for number in range(100))
    pieces = cut(Block(text))
    assert all(len(piece.text) <= PASSAGE_CHARS + OVERLAP_CHARS + 2 for piece in pieces)
    for before, after in pairwise(pieces):
        assert before.text.endswith(after.text.partition("\n\n")[0])
    assert all(f"number {number} of" in " ".join(p.text for p in pieces) for number in range(100))


@pytest.mark.parametrize("letter", ["x", "字"])
def test_text_without_any_end_is_cut_all_the_same(letter: str) -> None:
    """No letter is lost, and none comes twice."""
    pieces = cut(Block(letter * 5000))
    assert "".join(piece.text for piece in pieces) == letter * 5000
    assert max(len(piece.text) for piece in pieces) <= PASSAGE_CHARS


def test_places() -> None:
    """Slides are called so, and a printed number stands with the page that has it."""
    (slide,) = cut(Block("Words.", page=3), unit="slide")
    (page,) = cut(Block("Words.", page=4, label="iv"))
    assert (slide.place, page.place) == ("slide 3", "page iv (4 of the file)")


def test_confidence_is_the_mean_of_what_was_read_from_pictures() -> None:
    """Text that was not read from a picture does not count."""
    (piece,) = cut(Block("a", confidence=80), Block("b", confidence=90), Block("c"))
    assert piece.confidence == 85


def test_text_is_composed_and_without_controls() -> None:
    """Letters and their marks are one character, as in the questions that people type."""
    (piece,) = cut(Block("Ku\u0308ndi\u00adgung\x02 \ud800now"))
    assert piece.text == "Kündigung now"


def test_a_heading_at_the_end_is_not_lost() -> None:
    """Nothing stands below it, so it is a passage, or the end of one."""
    last = heading("Annex", page=2)

    assert [(each.text, each.first_page) for each in cut(last)] == [("Annex", 2)]
    pieces = cut(Block("Text.", page=1), last)
    assert [(each.text, each.first_page) for each in pieces] == [("Text.", 1), ("Annex", 2)]
    assert [each.text for each in cut(Block("Text.", page=2), last)] == ["Text.\n\nAnnex"]


def test_long_paragraph_is_cut_where_its_language_ends_sentences() -> None:
    """A German date or abbreviation breaks no passage; a short sentence is there in both."""
    sentence = "Der Vertrag über die Halle endet nach § 3 Abs. 2 Nr. 5 z. B. am 30. September 2030."
    pieces = list(passages([Block(" ".join([sentence] * 40))]))
    assert len(pieces) > 2
    for piece in pieces:
        assert piece.text.startswith(sentence)
        assert piece.text.endswith(sentence)
