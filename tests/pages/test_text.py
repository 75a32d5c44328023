"""How words and numbers are written, and what a model's Markdown may not do."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from ui.components.common import text
from ui.components.common.looks import kind_name

JOINER = text.WORD_JOINER


@pytest.mark.parametrize(
    "markdown",
    [
        "![alt](http://evil.example/x.png)",
        "[click](http://evil.example)",
        "[click][ref]\n\n[ref]: http://evil.example",
        r"\\[click](http://evil.example)",
        r"\[1](http://evil.example)",
        "[1](http://evil.example)",
        ":[1](http://evil.example)",
        "`a` ![alt](http://evil.example/`x`)",
        "``a` ![alt](http://evil.example/x.png) `b``",
        "```\n![alt](http://evil.example/x.png)",
    ],
)
def test_links_and_images_are_not_markdown_any_more(markdown: str) -> None:
    """Whatever the model writes, a closing bracket never meets an address or a reference."""
    safe = text.safe_markdown(markdown)
    for forbidden in ("](", "][", "]:"):
        position = safe.find(forbidden)
        assert position < 0 or safe[position - 1] == "\\", safe


def test_citation_markers_become_badges() -> None:
    """Markers are told apart from the text; a list of numbers gives a badge each."""
    assert text.safe_markdown("So [1]. And [2, 3].") == (
        f"So :blue-badge[1]. And :blue-badge[2]{''}:blue-badge[3].".replace("[2]:", f"[2]{JOINER}:")
    )


def test_dollars_and_directives_are_shown_as_written() -> None:
    """Money is no formula, and Streamlit's own syntax stays text."""
    safe = text.safe_markdown("$5 to $6 :material/home: :red[x]")
    assert safe == rf"\$5 to \$6 :{JOINER}material/home: :{JOINER}red\[x\]"


def test_addresses_become_code() -> None:
    """A bare address can be read and copied, but not clicked."""
    assert (
        text.safe_markdown("See https://example.com/a?b=1.") == "See `https://example.com/a?b=1.`"
    )


def test_code_stays_code() -> None:
    """Brackets and dollars in code are left alone."""
    assert text.safe_markdown("Run `echo $HOME [x]` now") == "Run `echo $HOME [x]` now"
    assert text.safe_markdown("```\n$x[1]\n```\n$5") == "```\n$x[1]\n```\n\\$5"


def test_a_persons_words_are_shown_as_typed() -> None:
    """Markdown in a question or a file name is not interpreted."""
    assert text.plain("*a* [b](c) $d") == r"\*a\* \[b\]\(c\) \$d"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0123, "12 ms"),
        (0.9999, "1.0 s"),
        (4.24, "4.2 s"),
        (185, "3 min 05 s"),
        (3720, "1 h 02 min"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    """A span of time has the units that matter at its size."""
    assert text.duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "now"), (300, "5 min"), (7300, "2 h"), (200_000, "2 d")]
)
def test_ages(seconds: float, words: str) -> None:
    """An age has one unit."""
    assert text.age(time.time() - seconds) == words


def test_one_line_cuts_at_a_word() -> None:
    """A long text ends with an ellipsis, at a word where one is near."""
    assert text.one_line("one two\nthree four", 16) == "one two three…"
    assert text.one_line("short", 16) == "short"
    assert text.one_line("a verylongwordwithoutend", 10) == "a verylon…"


@pytest.mark.parametrize(
    ("kind", "name"),
    [("worker_lost", "Worker lost"), ("bad_api_key", "Bad API key"), ("error", "Other error")],
)
def test_kinds_of_error_have_names(kind: str, name: str) -> None:
    """Those without a name of their own are named by their words."""
    assert kind_name(kind) == name


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (0, "Nothing was queued: none of them are failed any more."),
        (1, "1 job is queued again."),
        (1200, "1,200 jobs are queued again."),
    ],
)
def test_requeued_jobs_are_counted_in_a_sentence(number: int, sentence: str) -> None:
    """None, one and many read well."""
    assert text.requeued(number) == sentence


ACTIVE = [
    "www.evil.example",
    r"www\.evil.example",
    "WWW.evil.example",
    r"http\://evil.example",
    "http&#58;//evil.example",
    "&#119;ww.evil.example",
    "<http://evil.example>",
    "<mailto:spy@evil.example>",
    "spy@evil.example",
    r"spy\@evil.example",
    "<img src=http://evil.example/x.png>",
    "<!-- hidden -->",
    "![x](http&#58;//evil.example)",
    ":tada:",
    ":material/lock:",
    r"\:material/lock:",
    ":red[x]",
    "$\\href{http://evil.example}{x}$",
]
# What Markdown or Streamlit would make a link, an element, a formula or an icon of.
LIVE = re.compile(
    r"(?:https?|ftp|mailto):[^\u2060]|www\\?\.|@[^\u2060]|(?<!\\)[<&$]|:[a-z_+]", re.IGNORECASE
)


@pytest.mark.parametrize("write", [text.safe_markdown, text.plain], ids=["markdown", "plain"])
@pytest.mark.parametrize("words", ACTIVE)
def test_words_become_neither_links_nor_elements(write: Callable[[str], str], words: str) -> None:
    """Neither entities nor backslashes nor bare names bring a link, an element or an icon."""
    for around in ("{}", "So {} it is.", "- {}", "| a |\n|---|\n| {} |"):
        prose = re.sub(r"(?<!\\)`[^`]*`", "", write(around.format(words)))
        assert not LIVE.search(prose), prose


@pytest.mark.parametrize("fence", ["```", "~~~~"])
def test_diagrams_are_shown_as_text(fence: str) -> None:
    """A diagram could hold links and pictures."""
    safe = text.safe_markdown(f'{fence}mermaid\ngraph LR; click A "http://evil.example"\n{fence}')
    assert safe.startswith(f"{fence}text\n")


def test_tables_and_times_stay_as_they_are() -> None:
    """What makes words safe does not break what they mean."""
    table = "| a | b |\n|:---|---:|\n| 10:30 | x |"
    assert text.safe_markdown(table) == table


def test_underlined_words_are_no_heading() -> None:
    """A question may have a line of equals signs."""
    assert text.plain("a\n===") == "a  \n\\=\\=\\="


@pytest.mark.parametrize(
    "words",
    [
        "a ` b {} c",
        "``a``{} x",
        r"\{}",
        "- ```\n  x\n  ```\n{} y",
        "- a\n  ```\n{}",
        "| ` | {} ` |\n|---|---|",
        "``` a ` {}",
        "a ` b\n\n{} ` c",
        "> ```\n\n{} ` c",
    ],
)
def test_what_only_looks_like_code_is_escaped(words: str) -> None:
    """A stray backtick, or a fence that a list or a quotation ends, opens no way out."""
    for hostile in ("http://evil.example", "<b>", "$x$", "&lt;"):
        safe = text.safe_markdown(words.format(hostile))
        escaped = {"<": r"\<", "$": r"\$", "&": r"\&", "h": "`http://evil.example`"}[hostile[0]]
        assert escaped in safe
        at = safe.index(escaped)
        assert hostile[0] != "h" or safe[at - 1] not in "\\`", safe


def test_long_texts_are_read_in_time_that_grows_with_them() -> None:
    """No text that a model could write holds a page up."""
    began = time.process_time()
    for words in ("`" * 20_000, "  ```\n" + "   \n" * 5_000 + "x", "``a" * 5_000, "\\" * 20_000):
        text.safe_markdown(words)
    assert time.process_time() - began < 5
