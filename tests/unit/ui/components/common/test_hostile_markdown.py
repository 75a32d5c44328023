"""Nothing that a model or a document writes becomes an image, a link or HTML on a page."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from jobs.models import Answer, Citation
from ui.components.common.text import plain, safe_markdown
from ui.components.question.citations import with_marks

CITATION = Citation(1, "d1", 'a") ![x](http://evil/p.png "b.pdf', "p1", "text", 3, 3)

HOSTILE = (
    "What a night![1]", "night!\\![1]", "**night!**![1]", "a ![1](http://evil/p.png)",
    "![x](http://evil/p.png)", "![x][1]\n\n[1]: http://evil/p.png", "[1]: http://evil/p.png\n\n![1]",
    "[^1]\n\n[^1]: ![x](//e)", "<img src=http://evil/p.png>", "<http://evil>", "&lt;img&gt;",
    "`a ![x](http://evil/p.png)", "``a` ![x](http://evil)", "~~~\n~~~ ![x](http://evil)",
    "  ```a\nx\n![x](http://evil/p.png)", "- ```\n![x](http://evil)", "\\`![x](http://evil)`",
    "``` ` ```![x](http://evil/p.png)", "| ` | ![x](http://evil/p.png) ` |", "!\u200b[x](http://evil)",
)  # fmt: skip


def kinds(markdown: str) -> dict[str, str]:
    """The images, links and HTML that a viewer makes of a text, with their addresses."""
    found = {}
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown):
        for child in (token, *(token.children or ())):
            if child.type in ("image", "link_open", "html_inline", "html_block"):
                found[child.type] = str(child.attrs.get("src") or child.attrs.get("href") or "")
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_becomes_an_image_a_link_or_html(text: str) -> None:
    """But for the links to the sources, which stay on the page."""
    assert kinds(safe_markdown(text)) == {}
    assert kinds(plain(text)) == {}
    assert set(kinds(with_marks(Answer(text, (CITATION,)))).items()) <= {("link_open", "#source-1")}


def test_marker_behind_an_exclamation_mark_stays_a_link() -> None:
    """It is the source's link, not an image."""
    assert kinds(with_marks(Answer("What a night![1]", (CITATION,)))) == {"link_open": "#source-1"}


def test_emoji_names_with_digits_stay_words() -> None:
    """Times stay as they are."""
    assert safe_markdown("a :100: b") != "a :100: b"
    assert safe_markdown("at 12:30:45 h") == "at 12:30:45 h"
