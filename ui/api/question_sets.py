"""Question sets over HTTP, for operators: keep them, run them, compare two runs."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator
from starlette.exceptions import HTTPException

from jobs.errors import NotSignedInError
from jobs.question_sets.client import NAME_CHARS
from jobs.question_sets.comparison import Change, comparison_csv
from jobs.question_sets.models import QuestionSet, RunProgress
from jobs.question_sets.tables import csv_of, read_questions
from ui.api.dependencies import (
    AppClients,
    GivenKey,
    User,
    caller,
    refuse_other_sites,
    require_operator,
)
from ui.api.errors import ERRORS
from ui.api.models import is_unicode
from ui.api.operators import OPERATOR
from ui.api.question_set_models import (
    Comparison,
    QuestionsOfSet,
    RunInfo,
    RunRequest,
    SetDetail,
    SetInfo,
    Sets,
    compared_info,
    question_info,
    run_info,
    set_info,
)
from ui.web.attachments import attachment

CSV_TYPE = "text/csv"
# The extension by which a body of this type is read.
EXTENSIONS = {"application/json": ".json", "application/x-ndjson": ".jsonl", CSV_TYPE: ".csv"}
UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: {**ERRORS[404], "description": "Unknown question set or run"}
}
EXAMPLE = [
    {"question": "What is the hotel limit?", "document": "travel.pdf", "pages": [4]},
    {"question": "What dividend is proposed?", "words": "EUR 0.28 per share"},
    {"question": "Who painted the chapel?", "none": True},
]

Name = Annotated[
    str,
    Query(max_length=NAME_CHARS, description="Name of the set."),
    AfterValidator(is_unicode),
]

router = APIRouter(
    prefix="/operator/question-sets",
    dependencies=[Depends(require_operator)],
    responses={
        401: ERRORS[401],
        403: {**ERRORS[403], "description": "No operator, or a page of another site asks"},
        503: ERRORS[503],
    },
    tags=["operators"],
)
CHANGE = [Depends(refuse_other_sites)]


async def operator_name(request: Request, clients: AppClients, key: GivenKey) -> str:
    """Return who is noted as the maker of sets and runs: the password says no name."""
    try:
        return await caller(request, clients, key)
    except NotSignedInError:
        return OPERATOR


Maker = Annotated[str, Depends(operator_name)]


@router.get("")
def list_question_sets(clients: AppClients) -> Sets:
    """Return all question sets, the newest first."""
    return Sets(question_sets=[set_info(each) for each in clients.question_sets.list_sets()])


@router.post(
    "",
    status_code=201,
    dependencies=CHANGE,
    responses={
        409: ERRORS[409],
        413: ERRORS[413],
        415: ERRORS[415],
        429: ERRORS[429],
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"type": "array", "items": {"type": "object"}},
                    "example": EXAMPLE,
                },
                "application/x-ndjson": {"schema": {"type": "string"}},
                CSV_TYPE: {
                    "schema": {"type": "string"},
                    "example": "Question,Document,Pages\nWhat is the limit?,travel.pdf,4\n",
                },
            },
        }
    },
)
async def add_question_set(
    request: Request, clients: AppClients, user: Maker, name: Name = "Questions"
) -> SetInfo:
    """Keep a set: a list (JSON), an object a line (NDJSON), or a table with one a row (CSV).

    Fields or columns are question, document, pages, words, none (the documents don't say) and id.
    At most 1,000 questions, and 1 MB.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if kind not in EXTENSIONS:
        raise HTTPException(415, f"Send one of: {', '.join(EXTENSIONS)}.")

    def add() -> QuestionSet:
        questions = read_questions(f"set{EXTENSIONS[kind]}", body, user)
        return clients.question_sets.add(user, name, questions)

    return set_info(await anyio.to_thread.run_sync(add))


@router.post("/rated", status_code=201, dependencies=CHANGE, responses={409: ERRORS[409]})
def add_rated_questions(clients: AppClients, user: User, name: Name = "Rated answers") -> SetInfo:
    """Make a set of the questions whose answers you have rated, at most 1,000, the newest first."""
    return set_info(clients.question_sets.add_rated(user, name))


@router.get("/{set_id}", responses=UNKNOWN)
def read_question_set(set_id: str, clients: AppClients) -> SetDetail:
    """Return a set and its runs, the newest first."""
    found = clients.question_sets.get(set_id)
    runs = clients.question_sets.list_runs(set_id)
    progress = [clients.question_sets.progress(run, found.questions) for run in runs]
    return SetDetail(**set_info(found).model_dump(), runs=[run_info(each) for each in progress])


@router.get(
    "/{set_id}/questions",
    response_model=QuestionsOfSet,
    responses={200: {"content": {CSV_TYPE: {"schema": {"type": "string"}}}}, **UNKNOWN},
)
def read_questions_of_set(
    set_id: str, clients: AppClients, format: Literal["json", "csv"] = "json"
) -> Any:
    """Return the questions of a set; as CSV, they can be changed and sent again."""
    questions = clients.question_sets.questions(set_id)
    if format == "csv":
        name = PurePath(clients.question_sets.get(set_id).name).stem
        return _csv(csv_of(questions), f"{name}.csv")
    return QuestionsOfSet(questions=[question_info(each) for each in questions])


@router.delete("/{set_id}", status_code=204, dependencies=CHANGE, responses=UNKNOWN)
def delete_question_set(set_id: str, clients: AppClients) -> None:
    """Remove a set with its runs."""
    clients.question_sets.delete(set_id)


@router.post(
    "/{set_id}/runs",
    status_code=202,
    dependencies=CHANGE,
    responses={409: ERRORS[409], 429: ERRORS[429], **UNKNOWN},
)
def start_run(set_id: str, clients: AppClients, user: Maker, body: RunRequest) -> RunInfo:
    """Ask all questions of a set, as a batch, of the documents that everybody sees."""
    run = clients.question_sets.start(set_id, user, body.model)
    questions = clients.question_sets.get(set_id).questions
    return run_info(RunProgress(run, 0, questions))


@router.post(
    "/{set_id}/runs/{run_id}/stop",
    dependencies=CHANGE,
    responses={409: ERRORS[409], **UNKNOWN},
    status_code=202,
)
def stop_run(set_id: str, run_id: str, clients: AppClients) -> RunInfo:
    """Ask no more questions of a run; it ends with those that were answered."""
    clients.question_sets.stop(set_id, run_id)
    questions = clients.question_sets.get(set_id).questions
    run = clients.question_sets.get_run(set_id, run_id)
    return run_info(clients.question_sets.progress(run, questions))


@router.delete("/{set_id}/runs/{run_id}", status_code=204, dependencies=CHANGE, responses=UNKNOWN)
def delete_run(set_id: str, run_id: str, clients: AppClients) -> None:
    """Remove a run with its results."""
    clients.question_sets.delete_run(set_id, run_id)


@router.get(
    "/{set_id}/comparison",
    response_model=Comparison,
    responses={
        200: {"content": {CSV_TYPE: {"schema": {"type": "string"}}}},
        409: ERRORS[409],
        **UNKNOWN,
    },
)
def compare_runs(
    set_id: str,
    clients: AppClients,
    before: Annotated[str, Query(description="Id of a run.")],
    after: Annotated[str, Query(description="Id of a later run.")],
    format: Literal["json", "csv"] = "json",
) -> Any:
    """Return what a run made of each question beside an earlier run."""
    compared = clients.question_sets.compare(set_id, before, after)
    if format == "csv":
        name = PurePath(clients.question_sets.get(set_id).name).stem
        return _csv(comparison_csv(compared), f"{name}-comparison.csv")
    changes = [each.change for each in compared]
    return Comparison(
        counts={change: changes.count(change) for change in Change if change in changes},
        questions=[compared_info(each) for each in compared],
    )


def _csv(pieces: Any, name: str) -> Response:
    return StreamingResponse(pieces, media_type=CSV_TYPE, headers=attachment(name))
