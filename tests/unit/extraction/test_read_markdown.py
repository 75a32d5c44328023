"""What is read of Markdown."""

from __future__ import annotations

import pytest

from jobs.extraction.blocks import Block, Note
from jobs.extraction.readers import markdown


def texts(text: str) -> list[str]:
    return [item.text for item in markdown.read(text.encode()) if isinstance(item, Block)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "# Setup {#id}\n\nPara\nwrapped **b** `c` [l](x) ~~o~~",
            ["Setup", "Para wrapped b c l (struck out: o)"],
        ),
        ("```bash\nexport LIMIT=7\nmake\n```", ["export LIMIT=7\nmake"]),
        ("Nodes: 3.[^1]\n\n[^1]: Four in\n    winter.", ["Nodes: 3. (note: Four in winter.)"]),
        ("text\n\n[^x]: never called", ["text", "never called"]),
        ("```\n[^1]\n```\n\n[^1]: n", ["[^1]", "n"]),
        ("- [x] done\n- [ ] open", ["• [x] done", "• [ ] open"]),
        ("3. a\n4. b", ["3. a", "4. b"]),
        ("| A | B |\n|---|---|\n| 1 | x \\| y |", ["A: 1; B: x | y"]),
        ("<div align=center><b>Note</b> port 8443</div>", ["Note port 8443"]),
        ("![Sales](data:image/png;base64,iVBOR)\n\n[[Page|shown]]", ["Sales", "shown"]),
        ("a & b < c &amp; d", ["a & b < c & d"]),
    ],
)
def test_what_markdown_shows_is_read(text: str, expected: list[str]) -> None:
    """Footnotes stand where they are called, HTML and code are kept."""
    assert texts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "---\ntitle: 'A: b'\nuntil: 2028-06-30\ntags: [hr, \"x\"]\n---\n\nBody",
            ["title: A: b\nuntil: 2028-06-30\ntags: hr, x", "Body"],
        ),
        (
            "---\ntags:\n  - a\n  - b\nlong: >\n  one\n  two\n---\nBody",
            ["tags: a, b\nlong: one two", "Body"],
        ),
        ('+++\nowner = "Petra"\n+++\nBody', ["owner: Petra", "Body"]),
        ("---\n\nno keys here\n\n---\n\nBody", ["no keys here", "Body"]),
    ],
)
def test_front_matter_is_keys_and_values(text: str, expected: list[str]) -> None:
    """As people write it, not as a program parses it."""
    assert texts(text) == expected


def test_a_note_that_many_places_call_is_not_many_texts() -> None:
    """100,000 letters a thousand times would be 100 MB."""
    text = "[^a]\n\n" * 1000 + "[^a]: " + "x" * 100_000
    assert sum(map(len, texts(text))) < 200_000


def test_a_guessed_encoding_is_said() -> None:
    """One letter may be anything."""
    notes = [item for item in markdown.read("# 5 Stück".encode("cp1252")) if isinstance(item, Note)]
    assert "was guessed" in notes[0].text
