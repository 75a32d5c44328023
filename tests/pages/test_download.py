"""The files that a finished answer can be downloaded as."""

from __future__ import annotations

import pytest

from jobs.answer_files.formats import file_name
from jobs.models import JobState
from tests.pages.conftest import OpenPage
from tests.pages.fakes import FakeClients


def test_finished_answer_can_be_downloaded(clients: FakeClients, open_page: OpenPage) -> None:
    """A finished answer offers three formats; an unfinished one offers none."""

    def offered() -> list[str]:
        buttons = open_page().get("link_button")
        return [button.label for button in buttons if button.key.startswith("download_")]

    clients.jobs.put("What is the hotel limit?", JobState.FINISHED)
    assert offered() == ["PDF", "Word", "Markdown"]
    clients.jobs.put("And in London?", JobState.STARTED)
    assert offered() == []


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("What is the hotel limit?", "What-is-the-hotel-limit.pdf"),
        ("../../etc/passwd\x00\n", "etc-passwd.pdf"),
        ("Qu'est-ce que l’été ?", "Qu-est-ce-que-l-été.pdf"),
        ("酒店每晚不超过多少?", "酒店每晚不超过多少.pdf"),
        ("\u202egnp.exe", "gnp-exe.pdf"),
        ("???", "answer.pdf"),
        ("NUL", "answer.pdf"),
        ("com1", "answer.pdf"),
        ("word " * 30, "-".join(["word"] * 12) + ".pdf"),
        ("x" * 500, "x" * 60 + ".pdf"),
    ],
)
def test_file_name_is_short_and_safe(question: str, name: str) -> None:
    """A file is named by the question's words, in letters that every system takes."""
    assert file_name(question, "pdf") == name
