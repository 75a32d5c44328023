"""What of a model's text is its answer, however the text is cut into pieces."""

from __future__ import annotations

import pytest

from jobs.llm.thoughts import ThoughtFilter, without_thoughts

ANSWER = "The limit is EUR 160 [1]."
HARMONY = (
    "<|channel|>analysis<|message|>Passage [2] is old.<|end|><|start|>assistant<|channel|>final"
    f"<|message|>{ANSWER}<|return|>"
)


def shown(text: str, size: int, *, omits_opening: bool = False, is_complete: bool = True) -> str:
    """What is on the page at the end, if the text comes in pieces of this size."""
    thoughts = ThoughtFilter(omits_opening=omits_opening)
    page = ""
    for start in range(0, len(text), size):
        more, takes_back = thoughts.feed(text[start : start + size])
        page = more if takes_back else page + more
    more, takes_back = thoughts.finish(is_complete=is_complete)
    return more if takes_back else page + more


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 1000])
@pytest.mark.parametrize(
    "text",
    [
        f"<think>\nPassage [2] is about trains.\n</think>\n\n{ANSWER}",
        f"<THINK>[2]</Think>{ANSWER}",
        f"<thinking>[2]</thinking>{ANSWER}",
        f"<think>[2]</thinking>{ANSWER}",
        f'<think duration="3">[2]</think >{ANSWER}',
        f"<seed:think>[2]</seed:think>{ANSWER}",
        f"<thought>[2]</thought>{ANSWER}",
        f"\n<reasoning>[2]</reasoning>{ANSWER}",
        f"<think>1</think><reasoning>2</reasoning>{ANSWER}",
        f"<think></think>{ANSWER}",
        f"<think/>{ANSWER}",
        f"</think>\n\n{ANSWER}",
        f"Passage [2] is old.\n</think>\n{ANSWER}",
        f"Passage [2].</think>A draft [3].</think>{ANSWER}",
        f"<think>a <think>b</think> c</think>{ANSWER}",
        f"<think>I close it with `</think>` then. [2]</think>{ANSWER}",
        f"<think>```\nif a < b: [2]</think>{ANSWER}",
        f"[THINK]Passage [2].[/THINK]{ANSWER}",
        f"◁think▷[2]◁/think▷{ANSWER}",
        f"<|begin_of_thought|>[2]<|end_of_thought|><|begin_of_solution|>{ANSWER}<|end_of_solution|>",
        f"<|START_THINKING|>[2]<|END_THINKING|><|START_RESPONSE|>{ANSWER}<|END_RESPONSE|>",
        f"<|channel>thought\n[2]<channel|>{ANSWER}",
        f"<think>[2]</think><answer>{ANSWER}</answer>",
        f"analysisWe look at [2].assistantfinal{ANSWER}",
        HARMONY,
        f"{ANSWER}<think>Was that right? [2]</think>",
        f"{ANSWER}<think>Was that right? [2]",
    ],
)
def test_thoughts_are_not_part_of_the_answer(text: str, size: int) -> None:
    """In any tags, at any place, with the opening one missing or the closing one."""
    assert shown(text, size).strip() == ANSWER


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    "text",
    [
        ANSWER,
        "a < b [1], and b <c",
        "Write `<think>` before and `</think>` after it [1].",
        "```xml\n<think>\nx\n</think>\n```\nis the format [1].",
        "The element <reasoning>text</reasoning> is required [1].",
        "The tag <analysis> begins it [1].",
        "<answer>The limit.</answer>",
        "Analysis of the limit [1]",
        "analysis of the limit",
        "anal",
        "Mail <ann@example.org> or <https://example.org/think> [1]",
        "A [T] and [1] and ◁",
        "<thinker>x</thinker>",
        "ends in <thin",
        "",
    ],
)
def test_answer_that_only_looks_like_thoughts_stays(text: str, size: int) -> None:
    """A tag in code is quoted; other elements are a document's; all else is text."""
    assert shown(text, size) == text


@pytest.mark.parametrize("text", ["<think>never closed [2]", "[2] closed</think>", HARMONY[:40]])
def test_reply_of_thoughts_alone_has_no_answer(text: str) -> None:
    """Nothing is left of it, and it is known that there were thoughts."""
    thoughts = ThoughtFilter()
    thoughts.feed(text)
    thoughts.finish()
    assert thoughts.has_thoughts
    assert shown(text, 3).strip() == ""


def test_answer_streams_as_it_comes() -> None:
    """No more is kept back than what may become a tag."""
    thoughts = ThoughtFilter()
    assert thoughts.feed("The limit ") == ("The limit ", False)
    assert thoughts.feed("is <t") == ("is ", False)
    assert thoughts.feed("en [1]") == ("<ten [1]", False)


def test_model_that_omits_its_opening_tag_is_known_for_it() -> None:
    """The first time, what was shown is taken back; from then on nothing is shown too early."""
    first = ThoughtFilter()
    assert first.feed("Passage [2]. ") == ("Passage [2]. ", False)
    assert first.feed("</think>") == ("", True)
    assert first.omits_opening
    second = ThoughtFilter(omits_opening=True)
    assert second.feed("Passage [2]. ") == ("", False)
    assert second.is_thinking
    assert second.feed(f"</think>{ANSWER} ")[0].strip() == ANSWER
    assert not second.is_thinking


@pytest.mark.parametrize("text", ["<think>a</think></think>b", "</think>b"])
def test_stray_closing_tag_makes_no_habit(text: str) -> None:
    """Only thoughts that were shown do: the next answer is to stream."""
    thoughts = ThoughtFilter()
    thoughts.feed(text)
    assert not thoughts.omits_opening


def test_what_was_kept_back_is_the_answer_if_it_came_to_its_end() -> None:
    """A model known for its missing tag may think of nothing; one that was cut off was thinking."""
    assert shown(ANSWER, 4, omits_opening=True) == ANSWER
    assert shown(ANSWER, 4, omits_opening=True, is_complete=False) == ""


def test_habit_ends_with_an_answer_without_thoughts() -> None:
    """Nobody can keep a model from streaming to others by making it write a closing tag once."""
    thoughts = ThoughtFilter(omits_opening=True)
    thoughts.feed(ANSWER)
    thoughts.finish()
    assert not thoughts.omits_opening


def test_many_marks_cost_little() -> None:
    """A hostile reply is read in time that grows with its length."""
    for piece in ("<", "<think>", "</think>", "`", "<|channel|>", "[", "<|start|>a", "<a "):
        assert len(without_thoughts(piece * 50_000)) <= len(piece) * 50_000
