"""What a question asks, without how to answer and where to look."""

from __future__ import annotations

import pytest

from jobs.answering.question_core import core_of, without_mention


@pytest.mark.parametrize(
    ("question", "core"),
    [
        ("What is the fee? Answer in EUR.", "What is the fee?"),
        ("Assume that you are an analyst. What is the fee?", "What is the fee?"),
        ("Answer this by using the balance sheet: what is net debt?", "what is net debt?"),
        (
            "Has the ratio improved? If it says nothing about Ribbon, then state that.",
            "Has the ratio improved?",
        ),
        ("I paid myself abroad: which rate is used?", "I paid myself abroad: which rate is used?"),
        ("We moved to Ghent. What is the limit?", "We moved to Ghent. What is the limit?"),
        ("Give me the fee.", "Give me the fee."),
        ("", ""),
    ],
)
def test_instructions_go(question: str, core: str) -> None:
    """What the question tells about its matter stays, and so does one that is an instruction."""
    assert core_of(question) == core


@pytest.mark.parametrize(
    ("question", "name", "rest"),
    [
        (
            "What is the remote work policy on pets?",
            "remote-work-policy.md",
            "What is the on pets?",
        ),
        ("What did Ribbon's fee come to?", "RIBBON_2021_10K.pdf", "What did fee come to?"),
        ("What did Blue Ribbons earn?", "BLUERIBBONS_2021.pdf", "What did earn?"),
        (
            "What is the work limit in Oslo?",
            "oslo-work-rules.md",
            "What is the work limit in Oslo?",
        ),
        ("Policy", "policy.md", "Policy"),
    ],
)
def test_mention_of_a_document_goes(question: str, name: str, rest: str) -> None:
    """One common word is no mention, nor is a place: a document has several."""
    assert without_mention(question, name) == rest
