"""The rules by which text is cut and cleaned, on data made for them."""

from __future__ import annotations

import pytest

from jobs.extraction.chunking import (
    BLOCK_BYTES,
    PASSAGE_CHARS,
    align_to_sentences,
    split_blocks,
    strip_markdown,
    table_texts,
)


def cut(content: str, *spans: tuple[int, int]) -> list[str]:
    data = content.encode()
    return [data[start:end].decode() for start, end in align_to_sentences(data, list(spans))]


def test_overlap_is_cut_between_sentences() -> None:
    """The sentence that the overlap breaks off goes to the passage that has all of it."""
    text = "One is here. Two is there. Three follows now."
    assert cut(text, (0, 33), (17, 45)) == ["One is here. Two is there. ", "Three follows now."]


def test_sentences_that_both_sides_hold_stay_in_both() -> None:
    """The overlap is kept as far as it consists of whole sentences."""
    text = "One is here. Two. Three it is. Four follows."
    first, second = cut(text, (0, 33), (10, 44))
    assert first == "One is here. Two. Three it is. "
    assert second == "Two. Three it is. Four follows."


def test_offsets_are_bytes() -> None:
    """Letters of several bytes before and in the overlap shift nothing."""
    text = "Größe ä. Öl über Köln. Übrig bleibt."
    total = len(text.encode())
    assert cut(text, (0, total - 8), (15, total)) == ["Größe ä. Öl über Köln. ", "Übrig bleibt."]


def test_overlap_without_a_sentence_end_stays() -> None:
    """Nothing is lost where there is no place to cut."""
    text = "words without any end that go on and on"
    assert cut(text, (0, 25), (14, 39)) == [text[:25], text[14:]]


def test_number_of_a_heading_ends_no_sentence() -> None:
    """The heading "2. Impact" is not split."""
    text = "It ended well.\n\n2. Impact\n\nMany were hit by it."
    assert cut(text, (0, 25), (16, len(text))) == [text[:16], text[16:]]


def test_markdown_goes_and_words_stay() -> None:
    """Bold, italics, code, links and pictures leave their words; other stars and brackets stay."""
    marked = "**Now** *go* to `a_b` [here](http://e.x/a(b)) ![pic](p.png)5 * 3 * 2 [1] snake_case"
    assert strip_markdown(marked) == "Now go to a_b here 5 * 3 * 2 [1] snake_case"


def test_table_says_title_and_headings_with_each_passage() -> None:
    """A long table continues under the same title; no row is lost, none is without headings."""
    rows = [[f"Site {number}", str(number), "2026-01-02 00:00:00"] for number in range(100)]
    table = [["Capacity", "", ""], ["Site", "Pallets", "Opened"], *rows]
    texts = list(table_texts(table, "Europe"))
    assert len(texts) > 1
    assert all(text.startswith("Europe. Capacity\n\nSite: ") for text in texts)
    assert all(len(text) <= PASSAGE_CHARS + 100 for text in texts)
    lines = [line for text in texts for line in text.split("\n\n")[1:]]
    assert lines == [
        f"Site: Site {number}; Pallets: {number}; Opened: 2026-01-02" for number in range(100)
    ]


def test_cells_beyond_the_headings_are_kept() -> None:
    """A note beside the table has no heading, but it has words."""
    assert list(table_texts([["A", "B"], ["1", "2", "a note"]])) == ["A: 1; B: 2; a note"]


def test_table_of_headings_alone_gives_the_headings() -> None:
    """An empty form can be found as well."""
    assert list(table_texts([["Name", "Date"]])) == ["Name; Date"]
    assert list(table_texts([["", " "]])) == []


@pytest.mark.parametrize(
    "text", ["", "ä", "Satz über Öl. " * 60_000, "x" + "ä" * 400_000, "a\n\n" * 300_000]
)
def test_blocks_cover_a_text_and_split_no_character(text: str) -> None:
    """Together they are the text; each is whole, and none is longer than a block."""
    content = text.encode()
    parts = [content[start:end] for start, end in split_blocks(content)]
    assert b"".join(parts) == content
    assert "".join(part.decode() for part in parts) == text
    assert all(len(part) <= BLOCK_BYTES for part in parts)


def test_block_ends_with_a_paragraph_if_it_can() -> None:
    """No sentence is split where there is a better place."""
    paragraph = "One sentence of it.\nAnd one more. " * 30 + "\n\n"
    content = (paragraph * 1000).encode()
    ends = [content[:end] for _, end in split_blocks(content)]
    assert len(ends) > 2
    assert all(end.endswith(b"\n\n") for end in ends)
