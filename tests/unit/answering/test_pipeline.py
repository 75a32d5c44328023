"""From a question to a checked answer, with collaborators that tests control."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from jobs.answering.extractive import Extractive
from jobs.answering.pipeline import (
    CUT_SHORT,
    MAX_ANSWER_CHARS,
    NOTHING_FOUND,
    NOTHING_QUOTABLE,
    answer,
)
from jobs.cancellation import Cancellation
from jobs.errors import (
    HandedBackError,
    IndexUnavailableError,
    StreamInterruptedError,
    SupersededError,
)
from jobs.llm.chat import Generator
from jobs.llm.reply import Chunk
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

    def take_back(self) -> None:
        self.seen.append("↩")


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


class Chunked(Scripted):
    """A generator that says just these chunks."""

    def __init__(self, *chunks: Chunk) -> None:
        super().__init__()
        self.chunks = chunks

    def stream(self, question: str, passages: Sequence[Passage]) -> Iterator[Chunk]:
        yield from self.chunks


def test_progress_sees_that_the_model_thinks() -> None:
    """Until the first word of its answer."""
    progress = Recorded()
    ask(Chunked(Chunk(thinking=True), Chunk("a "), Chunk("b [1]")), progress=progress)
    assert progress.seen == [
        Stage.RETRIEVING,
        Stage.GENERATING,
        Stage.THINKING,
        Stage.GENERATING,
        "a ",
        "b [1]",
    ]


def test_text_that_is_taken_back_is_not_in_the_answer() -> None:
    """Neither its words nor its citations, nor its time to the first token."""
    progress = Recorded()
    chunks = (Chunk("Passage [2] is old."), Chunk(takes_back=True), Chunk("It is EUR 160 [1]."))
    result = ask(Chunked(*chunks), progress=progress)
    assert result.text == "It is EUR 160 [1]."
    assert [citation.number for citation in result.citations] == [1]
    assert progress.seen[2:] == ["Passage [2] is old.", "↩", "It is EUR 160 [1]."]


def test_citation_of_a_passage_that_the_model_was_not_given_is_none() -> None:
    """Where only the best passages fitted, the answer has no others, and is not given again."""
    chunks = (Chunk(note="Only 1 of 2.", passages=1), Chunk("It is so [1][2]."))
    result = ask(Chunked(*chunks))
    assert (result.text, result.removed_markers) == ("It is so [1].", 1)
    assert result.passages == tuple(PASSAGES[:1])
    assert result.notes == ("Only 1 of 2.",)


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
    assert (result.text, result.support) == (NOTHING_QUOTABLE, SupportLevel.NOT_FOUND)
    assert result.extractive
    assert [each.passage_id for each in result.nearest] == ["p1", "p2"]
    assert result.words_searched == ("won", "world", "cup", "1998")


def test_quoted_answer_that_lacks_a_part_is_cited() -> None:
    """It says what is missing, which needs no citation."""
    limit = Passage("p1", "d1", "travel.md", "The hotel limit is EUR 160 per night in Ghent.")
    result = answer(
        "What is the hotel limit, and who won the world cup of 1998?",
        search=lambda question: [limit],
        generator=Extractive(),
        progress=Recorded(),
        cancelled=Cancellation(),
    )
    assert result.text == (
        f"{limit.text} [1]\n\nNothing was found about this: who won the world cup of 1998?"
    )
    assert (result.support, result.uncited_sentences) == (SupportLevel.CITED, 0)


@pytest.mark.parametrize("text", ["The documents don't say.", "The documents don't say [1]."])
def test_not_found_shows_what_was_nearest_without_citing_it(text: str) -> None:
    """With its surroundings, to be opened, and the words that were looked for."""
    result = answer(
        "What is the hotel limit in Oslo?",
        search=lambda question: [*PASSAGES, *(replace(PASSAGES[0], text=str(n)) for n in range(5))],
        generator=Scripted(text),
        progress=Recorded(),
        cancelled=Cancellation(),
        surroundings=lambda cited: {"p2": ("Before.", "After.")},
    )
    assert (result.citations, len(result.nearest)) == ((), 3)
    assert result.nearest[1].before == "Before."
    assert result.sources == result.nearest
    assert result.words_searched == ("hotel", "limit", "Oslo")


def test_nothing_is_nearest_where_a_part_was_found() -> None:
    """What it cites can be opened."""
    result = ask(Scripted("The documents don't say it for Oslo. In Ghent it is EUR 160 [1]."))
    assert (result.nearest, result.words_searched) == ((), ())
    assert result.sources == result.citations


def test_answer_says_where_its_figures_come_from_and_what_is_doubtful() -> None:
    """Of the passages that it was given; a quoted answer has nothing to check."""
    result = ask(Scripted("It is EUR 160 [1]. In Oslo it is EUR 190 per night [1]."))
    assert [each.origin for each in result.figures] == ["quoted", "not_in_sources"]
    assert [result.text[each.start : each.end] for each in result.doubtful] == [
        "In Oslo it is EUR 190 per night [1]."
    ]
    assert ask(Extractive()).figures == ()


def test_rest_of_a_short_document_is_for_models_alone() -> None:
    """It comes behind what was found, and can be cited; who only quotes has the best anyway."""
    more = Passage("p3", "d1", "travel.md", "In Oslo it is EUR 190.")

    def asked(generator: Generator) -> Answer:
        return answer(
            "What is the hotel limit?",
            search=lambda question: [*PASSAGES, PASSAGES[0]],
            generator=generator,
            progress=Recorded(),
            cancelled=Cancellation(),
            rest_of_document=lambda found: [more],
        )

    assert asked(Scripted("It is so [3].")).citations[0].passage_id == "p3"
    assert len(asked(Extractive()).passages) == 2


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
    new = ("nearest", "words_searched", "figures", "doubtful")
    for name in ("sentences", "uncited_sentences", "quotes", *new):
        del older[name]
    del older["citations"][0]["before"], older["citations"][0]["after"]
    assert Answer.from_dict(older).citations == result.citations


def test_endless_answer_is_cut_short_and_says_so() -> None:
    """Reading stops at the bound, what was written until then stays, and a note says why."""
    given = 0

    class Endless(Scripted):
        def stream(self, question: str, passages: Sequence[Passage]) -> Iterator[Chunk]:
            nonlocal given
            while True:
                given += 1
                yield Chunk(text="The limit is EUR 160 [1]. " * 100)

    result = ask(Endless())
    assert len(result.text) <= MAX_ANSWER_CHARS
    assert result.text.startswith("The limit is EUR 160 [1].")
    assert CUT_SHORT in result.notes
    assert given < 1000  # those that were on their way


def test_answer_without_a_claim_is_not_cited() -> None:
    """Code and a marker, or a long text without one beside a short one with it, prove nothing."""
    assert ask(Scripted("```\nprint(160)\n```\n[1]")).support is SupportLevel.UNSUPPORTED
    assert ask(Scripted("Is the limit EUR 160? [1]")).support is SupportLevel.UNSUPPORTED
    assert ask(Scripted("word " * 200 + ".\n\nYes [1].")).support is SupportLevel.UNSUPPORTED
    short = ask(Scripted("Yes [1]."))
    assert (short.support, short.sentences) == (SupportLevel.CITED, 1)


@pytest.mark.parametrize("marker", ["[2][3]", "[2, 3]", "[1-3]", "【2】", "［2］", "[ 2 ]"])
def test_markers_of_a_document_cite_nothing_when_quoted(marker: str) -> None:
    """A sentence that bears markers of its own does not cite other passages."""
    text = f"The hotel limit is EUR 160 per night {marker}."
    passages = [Passage("p1", "d1", "travel.md", text), *PASSAGES, PASSAGES[1]]
    result = answer(
        "What is the hotel limit per night of EUR 160?",
        search=lambda question: passages[:1] + [PASSAGES[1]] * 3,
        generator=Extractive(),
        progress=Recorded(),
        cancelled=Cancellation(),
    )
    assert [citation.number for citation in result.citations] == [1]
    assert result.citations[0].text == text  # shown as the document has it
