"""The data of question sets: questions, and what an answer to each should stand on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from jobs.models import TokenUse

# Whose the questions of runs are. Nobody has this name, so no private document is searched.
RUNS_USER = "question-sets"


class Expectation(StrEnum):
    """What is expected of the answer to a question."""

    EVIDENCE = "evidence"  # it cites a document, a page or words
    REFUSAL = "refusal"  # the documents don't say
    UNKNOWN = "unknown"  # nobody has said yet; two runs can be compared all the same


@dataclass(frozen=True)
class Expected:
    """Where the answer to a question stands.

    `document` is a name, with or without its extension; `pages` count from 1, one of them is
    enough; `words` stand in the passage. What is empty is not asked for.
    """

    kind: Expectation = Expectation.UNKNOWN
    document: str = ""
    pages: tuple[int, ...] = ()
    words: str = ""


@dataclass(frozen=True)
class SetQuestion:
    """A question of a set; `id` is unique within it."""

    id: str
    text: str
    expected: Expected = Expected()


@dataclass(frozen=True)
class Verdict:
    """How an answer stands to what was expected; see `jobs.question_sets.judging.judge`.

    `found_at` is the rank, from 1, of the first passage with the evidence among those that the
    answer was written from; None if there is none. `cited` says that a citation has the evidence,
    `cited_first` that the first one does, `document_cited` that one is of the right document.
    """

    expectation: Expectation
    refused: bool
    found_at: int | None = None
    document_cited: bool = False
    cited: bool = False
    cited_first: bool = False

    @property
    def is_right(self) -> bool | None:
        """Whether the evidence is cited, or the refusal expected; None if nobody knows."""
        if self.expectation is Expectation.UNKNOWN:
            return None
        return self.refused if self.expectation is Expectation.REFUSAL else self.cited


@dataclass(frozen=True)
class QuestionSet:
    """A set without its questions: whose it is (all operators see it), and what is in it.

    `evidence` and `refusals` count the questions of which these are expected.
    """

    id: str
    name: str
    made_by: str
    made_at: float
    questions: int
    evidence: int = 0
    refusals: int = 0


@dataclass(frozen=True)
class Run:
    """One run of a set: when, with which model and collection, and what came of it.

    `number` counts the runs of its set from 1. `model` is the chat model, "" for quotes without
    one. `ended_at` is None until its results are stored. `answered` and `failed` count questions;
    `found`, `cited` and `refused_wrongly` those with evidence whose answer was written from it,
    cites it, or says nothing; `refused_rightly` those with an expected refusal. `seconds` and the
    tokens are means of the answers.
    """

    id: str
    set_id: str
    batch_id: str
    started_at: float
    started_by: str
    number: int = 1
    model: str = ""
    collection: str = ""
    ended_at: float | None = None
    answered: int = 0
    failed: int = 0
    evidence: int = 0
    found: int = 0
    cited: int = 0
    refused_wrongly: int = 0
    refusals: int = 0
    refused_rightly: int = 0
    seconds: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None


@dataclass(frozen=True)
class RunProgress:
    """A run, and how many of its questions are over."""

    run: Run
    over: int
    questions: int


@dataclass(frozen=True)
class RunResult:
    """What a run made of one question. Without an answer there is no `verdict`.

    `citations` are lines such as “[1] travel.pdf, page 4”, `failure` says why there is no answer.
    """

    id: str
    verdict: Verdict | None = None
    answer: str = ""
    citations: tuple[str, ...] = ()
    failure: str = ""
    seconds: float = 0.0
    tokens: TokenUse = field(default_factory=TokenUse)
