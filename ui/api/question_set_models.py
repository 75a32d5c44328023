"""The JSON of question sets, their runs and comparisons."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from pydantic import BaseModel, Field

from jobs.question_sets.comparison import Change, Compared, outcome_of
from jobs.question_sets.models import (
    Expectation,
    QuestionSet,
    Run,
    RunProgress,
    RunResult,
    SetQuestion,
)
from ui.api.models import EXAMPLE_ID, Text, moment


class QuestionOfSet(BaseModel):
    """A question, and what an answer should stand on."""

    id: str
    question: str
    expected: Expectation = Field(
        description="evidence, refusal (the documents don't say) or unknown."
    )
    document: str = ""
    pages: list[int] = []
    words: str = ""


class SetInfo(BaseModel):
    """A question set, with the number of its questions by what is expected."""

    id: str = Field(examples=[EXAMPLE_ID])
    name: str
    made_by: str
    made_at: datetime
    questions: int = Field(examples=[3])
    evidence: int = Field(examples=[2])
    refusals: int = Field(examples=[1])


class Sets(BaseModel):
    question_sets: list[SetInfo]


class RunInfo(BaseModel):
    """A run of a set. Counts are 0 until it is over."""

    id: str = Field(examples=[EXAMPLE_ID])
    number: int = Field(description="Counts the runs of the set, from 1.", examples=[2])
    started_at: datetime
    started_by: str
    ended_at: datetime | None = Field(description="Null until it is over.")
    model: str = Field(description="The chat model; empty for quotes without one.")
    collection: str = Field(description="The collection of the index that was searched.")
    questions: int
    over: int = Field(description="Questions that are over.")
    answered: int
    failed: int
    evidence: int = Field(description="Answers of which evidence was expected; of these:")
    found: int = Field(description="written from the evidence, among other passages.")
    cited: int = Field(description="that cite it.")
    refused_wrongly: int
    refusals: int = Field(description="Answers of which a refusal was expected.")
    refused_rightly: int
    mean_seconds: float
    mean_prompt_tokens: int
    mean_completion_tokens: int


class SetDetail(SetInfo):
    """A question set with its runs, the newest first."""

    runs: list[RunInfo]


class QuestionsOfSet(BaseModel):
    questions: list[QuestionOfSet]


class ResultInfo(BaseModel):
    """What a run made of a question."""

    outcome: str = Field(examples=["cites it"])
    is_right: bool | None = Field(description="Null where nobody knows what to expect.")
    found_at: int | None = Field(description="Rank of the evidence among the passages, from 1.")
    answer: str
    citations: list[str]
    failure: str


class ComparedQuestion(BaseModel):
    """A question in two runs. `change` is how the second answered it."""

    question: QuestionOfSet
    change: Change | None
    before: ResultInfo | None
    after: ResultInfo | None


class Comparison(BaseModel):
    """All questions of the set, in their order, and how many changed in which way."""

    counts: dict[Change, int] = Field(examples=[{"better": 2, "same": 1}])
    questions: list[ComparedQuestion]


class RunRequest(BaseModel):
    model: Text = Field("", max_length=200, description="A chat model that is offered.")


def set_info(found: QuestionSet) -> SetInfo:
    """Return a set as it is shown."""
    return SetInfo(**{**asdict(found), "made_at": moment(found.made_at)})


def run_info(progress: RunProgress) -> RunInfo:
    """Return a run as it is shown, with how far it is."""
    run: Run = progress.run
    return RunInfo(
        **{
            **asdict(run),
            "started_at": moment(run.started_at),
            "ended_at": moment(run.ended_at) if run.ended_at is not None else None,
        },
        questions=progress.questions,
        over=progress.over,
        mean_seconds=run.seconds,
        mean_prompt_tokens=run.prompt_tokens,
        mean_completion_tokens=run.completion_tokens,
    )


def question_info(question: SetQuestion) -> QuestionOfSet:
    """Return a question as it is shown."""
    expected = question.expected
    return QuestionOfSet(
        id=question.id,
        question=question.text,
        expected=expected.kind,
        document=expected.document,
        pages=list(expected.pages),
        words=expected.words,
    )


def compared_info(compared: Compared) -> ComparedQuestion:
    """Return a question in two runs."""
    return ComparedQuestion(
        question=question_info(compared.question),
        change=compared.change,
        before=result_info(compared.before),
        after=result_info(compared.after),
    )


def result_info(result: RunResult | None) -> ResultInfo | None:
    """Return what a run made of a question; None if it lacks it."""
    if result is None:
        return None
    verdict = result.verdict
    return ResultInfo(
        outcome=outcome_of(verdict),
        is_right=verdict.is_right if verdict else None,
        found_at=verdict.found_at if verdict else None,
        answer=result.answer,
        citations=list(result.citations),
        failure=result.failure,
    )
