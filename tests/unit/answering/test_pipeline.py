"""From a question to a checked answer, with collaborators that tests control."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence

import pytest

from jobs.answering.extractive import Extractive
from jobs.answering.pipeline import NOTHING_FOUND, answer
from jobs.cancellation import Cancellation
from jobs.errors import (
    HandedBackError,
    IndexUnavailableError,
    StreamInterruptedError,
    SupersededError,
)
from jobs.llm.chat import Chunk, Generator
from jobs.models import Answer, Passage, Stage, SupportLevel, TokenUse
from tests.waiting import HANG_SECONDS

PASSAGES = [
    Passage("p1", "d1", "travel.md", "The hotel limit is EUR 160 per night.", page=3, score=2.5),
    Passage("p2", "d2", "report.pdf", "The dividend is EUR 0.28 per share.", page=9),
]


class Scripted:
    """A generator that says what it was given, or raises at the end."""

    model = "scripted"
    extractive = False

    def __init__(self, *texts: str, error: Exception | None = None) -> None:
        self.texts = texts
        self.error = error
        self.calls = 0

    def stream(self, question: str, passages: Sequence[Passage]) -> Iterator[Chunk]:
        self.calls += 1
        for text in self.texts:
            yield Chunk(text=text)
        if self.error is not None:
            raise self.error
        yield Chunk(tokens=TokenUse(100, len(self.texts)))


class Recorded:
    """A progress that keeps all it was told, in order."""

    def __init__(self) -> None:
        self.seen: list[Stage | str] = []

    def stage(self, stage: Stage) -> None:
        self.seen.append(stage)

    def text(self, text: str) -> None:
        self.seen.append(text)


def ask(
    generator: Generator,
    passages: Sequence[Passage] = PASSAGES,
    progress: Recorded | None = None,
) -> Answer:
    return answer(
        "What is the hotel limit?",
        search=lambda question: passages,
        generator=generator,
        progress=progress or Recorded(),
        cancelled=Cancellation(),
    )


def test_answer_carries_citations_tokens_timings_and_model() -> None:
    """Everything that the page shows of an answer is in it."""
    result = ask(Scripted("It is ", "EUR 160 [1]."))
    assert result.text == "It is EUR 160 [1]."
    assert result.support is SupportLevel.CITED
    [citation] = result.citations
    assert (citation.number, citation.document_name, citation.page) == (1, "travel.md", 3)
    assert citation.text == PASSAGES[0].text
    assert citation.score == 2.5
    assert result.tokens == TokenUse(100, 2)
    assert result.model == "scripted"
    assert result.timings.first_token is not None
    assert 0 <= result.timings.retrieval <= result.timings.first_token


def test_progress_sees_stages_and_text_in_order() -> None:
    """Who watches learns of each stage when it begins, and of each piece of text."""
    progress = Recorded()
    ask(Scripted("a ", "b [1]"), progress=progress)
    assert progress.seen == [Stage.RETRIEVING, Stage.GENERATING, "a ", "b [1]"]


def test_no_passages_means_not_found_without_calling_the_model() -> None:
    """Nothing to stand on: no tokens are spent, and the sentence says so."""
    model, progress = Scripted("invented"), Recorded()
    result = ask(model, passages=[], progress=progress)
    assert model.calls == 0
    assert (result.text, result.support) == (NOTHING_FOUND, SupportLevel.NOT_FOUND)
    assert result.timings.first_token is None
    assert progress.seen == [Stage.RETRIEVING, NOTHING_FOUND]


def test_answer_that_cites_nothing_is_unsupported() -> None:
    """A model that answers from memory is shown as such."""
    assert ask(Scripted("It is EUR 160.")).support is SupportLevel.UNSUPPORTED


def test_answer_that_cites_only_invented_passages_is_unsupported() -> None:
    """Markers that name no passage are gone, and were counted."""
    result = ask(Scripted("It is EUR 200 [7]."))
    assert result.support is SupportLevel.UNSUPPORTED
    assert (result.text, result.removed_markers) == ("It is EUR 200.", 1)


@pytest.mark.parametrize(
    "text",
    ["The documents don't say.", "The documents don’t say", "The documents don't say. [1][2]"],
)
def test_not_found_sentence_of_a_model_is_understood(text: str) -> None:
    """The agreed sentence, with any apostrophe and with needless citations, means not found."""
    result = ask(Scripted(text))
    assert result.support is SupportLevel.NOT_FOUND
    assert result.citations == ()
    assert "[" not in result.text


def test_answer_that_goes_on_and_cites_is_cited() -> None:
    """Half an answer that stands on a passage is worth reading."""
    text = "The documents don't say it for Oslo. For Ghent it is EUR 160 [1]."
    assert ask(Scripted(text)).support is SupportLevel.CITED


def test_extractive_generator_that_finds_no_sentence_means_not_found() -> None:
    """Passages that merely share a word are no answer."""
    result = answer(
        "Who won the world cup of 1998?",
        search=lambda question: PASSAGES,
        generator=Extractive(),
        progress=Recorded(),
        cancelled=Cancellation(),
    )
    assert (result.text, result.support) == (NOTHING_FOUND, SupportLevel.NOT_FOUND)
    assert result.extractive


def test_extractive_answer_quotes_and_cites() -> None:
    """Without a model the answer is the sentence itself, and labelled."""
    result = ask(Extractive())
    assert result.text == "The hotel limit is EUR 160 per night. [1]"
    assert result.support is SupportLevel.CITED
    assert result.extractive


def test_failure_of_the_search_is_raised_as_it_is() -> None:
    """The policy of retries needs the error itself."""

    def search(question: str) -> Sequence[Passage]:
        raise IndexUnavailableError()

    with pytest.raises(IndexUnavailableError):
        answer(
            "What?",
            search=search,
            generator=Scripted("x"),
            progress=Recorded(),
            cancelled=Cancellation(),
        )


def test_failure_in_the_middle_keeps_what_was_shown() -> None:
    """The text before the break reached the watchers; the error reaches the job."""
    progress = Recorded()
    with pytest.raises(StreamInterruptedError):
        ask(Scripted("half ", error=StreamInterruptedError()), progress=progress)
    assert progress.seen[-1] == "half "


@pytest.mark.parametrize("blocked", ["search", "model"])
def test_stop_and_shutdown_do_not_wait_for_a_silent_service(blocked: str) -> None:
    """Neither a search nor a model that hangs holds up the end of a job for as long as it hangs."""
    release, replied = threading.Event(), threading.Event()

    def hang() -> None:
        release.wait(HANG_SECONDS)
        replied.set()

    class Silent(Scripted):
        def stream(self, question: str, passages: Sequence[Passage]) -> Iterator[Chunk]:
            hang()
            return iter(())

    def search(question: str) -> Sequence[Passage]:
        if blocked == "search":
            hang()
        return PASSAGES

    reasons = [("supersede", SupersededError), ("hand_back", HandedBackError)]
    try:
        for method, error in reasons:
            cancellation = Cancellation()
            threading.Timer(0.05, getattr(cancellation, method)).start()
            with pytest.raises(error):
                answer(
                    "What?",
                    search=search,
                    generator=Silent(),
                    progress=Recorded(),
                    cancelled=cancellation,
                )
            assert not replied.is_set()
    finally:
        release.set()


def test_citations_carry_their_surroundings() -> None:
    """What stands around is read for the cited passages alone, and kept with them."""
    asked: list[Sequence[Passage]] = []

    def surroundings(cited: Sequence[Passage]) -> dict[str, tuple[str, str]]:
        asked.append(cited)
        return {"p2": ("Before.", "After.")}

    result = answer(
        "What is the dividend?",
        search=lambda question: PASSAGES,
        generator=Scripted("It is EUR 0.28 [2]."),
        progress=Recorded(),
        cancelled=Cancellation(),
        surroundings=surroundings,
    )
    assert asked == [[PASSAGES[1]]]
    [citation] = result.citations
    assert (citation.before, citation.after) == ("Before.", "After.")


def test_answer_says_which_quotes_and_sentences_stand_on_passages() -> None:
    """Quotes are checked against what is cited, and sentences without a citation counted."""
    result = ask(Scripted("It says “hotel limit is EUR 160” [1]. It also says “no limit at all”."))
    assert [quote.number for quote in result.quotes] == [1, None]
    assert (result.sentences, result.uncited_sentences) == (2, 1)
    assert result.support is SupportLevel.CITED


def test_answer_none_of_whose_sentences_is_cited_is_unsupported() -> None:
    """Sources listed at the end support no sentence; they stay to be looked at."""
    result = ask(Scripted("The limit is EUR 160. Nobody may exceed it.\n\nSources: [1]"))
    assert result.support is SupportLevel.UNSUPPORTED
    assert [citation.number for citation in result.citations] == [1]


def test_answer_of_a_newer_or_older_version_is_read() -> None:
    """Fields that this version does not know are ignored; missing ones have defaults."""
    result = ask(Scripted("It says “hotel limit is EUR 160” [1]."))
    data = result.to_dict()
    assert Answer.from_dict(json.loads(json.dumps(data))) == result
    newer = json.loads(json.dumps(data))
    newer["citations"][0]["later"] = newer["quotes"][0]["later"] = newer["later"] = 1
    assert Answer.from_dict(newer) == result
    older = {**data, "citations": [{**data["citations"][0]}]}
    for name in ("sentences", "uncited_sentences", "quotes"):
        del older[name]
    del older["citations"][0]["before"], older["citations"][0]["after"]
    assert Answer.from_dict(older).citations == result.citations
