"""Files of answers that a child process writes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jobs.answer_files import apart
from jobs.answer_files.apart import write_file
from jobs.answer_files.formats import WRITERS, AnswerFormat
from jobs.errors import TooManyFilesError, UnwritableAnswerError
from jobs.extraction.slots import Slots
from tests.unit.answer_files.test_answer_files import VIEW, answer

IN_CHILD = pytest.mark.parametrize("kind", [AnswerFormat.PDF, AnswerFormat.WORD])
WORDS = "# Größe 漢字\n\nEUR 160 [1].\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n\n```\ncode\n```"


@pytest.mark.parametrize("kind", AnswerFormat)
def test_child_writes_the_same_bytes(kind: AnswerFormat) -> None:
    """With all fonts, which it can read, whatever else it denies itself."""
    given = answer(WORDS)
    written = WRITERS[kind].write(VIEW, given)
    assert write_file(kind, VIEW, given) == (
        written.encode() if isinstance(written, str) else written
    )


@IN_CHILD
def test_this_process_writes_nothing(kind: AnswerFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that takes long happens in the child."""

    def write(*_: object) -> bytes:
        raise AssertionError("written here")

    monkeypatch.setitem(WRITERS, kind, replace(WRITERS[kind], write=write))
    assert len(write_file(kind, VIEW, answer("EUR 160 [1]."))) > 1000


@IN_CHILD
def test_child_that_needs_too_much_is_a_sentence(
    kind: AnswerFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its user reads what to do instead, and can."""
    monkeypatch.setattr(apart, "MEMORY_MB", 40)
    with pytest.raises(UnwritableAnswerError, match="as Markdown instead"):
        write_file(kind, VIEW, answer("EUR 160 [1]."))
    assert write_file(AnswerFormat.MARKDOWN, VIEW, answer("EUR 160 [1]."))


def test_one_user_has_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a file of theirs is written, another of theirs waits; one of others does not."""
    slots = Slots(2, 0, 0)
    monkeypatch.setattr(apart, "_slots", slots)
    with slots.take(VIEW.user, 0):
        with pytest.raises(TooManyFilesError, match="being written just now"):
            write_file(AnswerFormat.PDF, VIEW, answer("EUR 160 [1]."))
        stranger = replace(VIEW, user="b-bob")
        assert write_file(AnswerFormat.PDF, stranger, answer("EUR 160 [1]."))
