"""Batches over HTTP: submit many questions, follow their progress, read the answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import PurePath
from tempfile import TemporaryFile
from typing import IO, Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, Depends, Query, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel, FailFast, Field, ValidationError
from starlette.exceptions import HTTPException

from jobs.batches.models import Batch, BatchState, LineResult, Lines, RowState
from jobs.batches.results_file import csv_rows, write_xlsx
from jobs.batches.spreadsheet import Sheet, likely_sheet, lines_of, read_sheets
from jobs.batches.table_limits import MAX_FILE_BYTES, MAX_ROWS
from jobs.errors import InvalidBatchError
from ui.api.arriving import BoundedRequest
from ui.api.dependencies import (
    AppClients,
    Asker,
    GivenKey,
    Reader,
    Turns,
    in_turn,
    refuse_other_sites,
    turn_of,
)
from ui.api.errors import ERRORS, ErrorDetail, detail_of
from ui.api.models import Text, is_unicode, moment
from ui.api.streams import while_alive
from ui.web.attachments import attachment

MAX_LISTED = 100
CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Workbooks that are made at once, more than one user has turns: each has temporary files of as
# much as its answers.
MAX_WORKBOOKS = 4
PIECE_BYTES = 256 * 1024
EXAMPLE_ID = "3b7c0f9a1d2e4f5a8b9c0d1e2f3a4b5c"
UNKNOWN = {**ERRORS[404], "description": "Unknown batch, or another user's"}
CHANGE: dict[int | str, dict[str, Any]] = {403: ERRORS[403], 404: UNKNOWN}
RUN = {**CHANGE, 429: ERRORS[429]}


class BatchRequest(BaseModel):
    """Questions to ask as one batch. The same list again is the same batch, and resumes it."""

    # What is no list of questions is refused at the first of them.
    questions: Annotated[list[Text], FailFast()] = Field(
        min_length=1,
        max_length=MAX_ROWS - 1,
        examples=[["What is the hotel limit?", "Who approves a flight?"]],
    )
    name: Text = Field("Questions", max_length=200, examples=["Audit of March"])


class BatchInfo(BaseModel):
    """A batch, with the number of its questions in each state."""

    id: str = Field(examples=[EXAMPLE_ID])
    name: str
    state: BatchState = Field(description="What its owner has set: running, paused or stopped.")
    is_over: bool = Field(description="True once every question is over.")
    submitted_at: datetime
    lines: int = Field(description="Lines of the file or of the list.", examples=[3])
    questions: int = Field(description="Distinct questions; each is asked once.", examples=[2])
    over: int = Field(description="Questions that are over.", examples=[1])
    counts: dict[RowState, int] = Field(examples=[{"finished": 1, "started": 1}])


class Batches(BaseModel):
    batches: list[BatchInfo]


class Retried(BaseModel):
    retried: int = Field(description="Number of failed questions that are asked again.")


class BatchLine(BaseModel):
    """The outcome of one line. `state` is absent if the line has no question."""

    cells: list[str]
    state: RowState | None = None
    answer: str | None = None
    support: str | None = None
    citations: list[dict[str, Any]] = []
    model: str | None = None
    error: ErrorDetail | None = None


class BatchResults(BaseModel):
    """All lines, in the order of the input."""

    header: list[str]
    lines: list[BatchLine]


_workbooks = threading.BoundedSemaphore(MAX_WORKBOOKS)
router = APIRouter(prefix="/batches", responses={503: ERRORS[503]}, tags=["batches"])
upload_router = APIRouter(prefix="/batches", responses={503: ERRORS[503]}, tags=["batches"])


@upload_router.post(
    "",
    status_code=202,
    dependencies=[Depends(refuse_other_sites)],
    max_body_size=MAX_FILE_BYTES,
    responses={
        403: ERRORS[403],
        408: ERRORS[408],
        409: ERRORS[409],
        413: ERRORS[413],
        415: ERRORS[415],
        429: ERRORS[429],
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": BatchRequest.model_json_schema()},
                CSV_TYPE: {
                    "schema": {"type": "string"},
                    "example": "Question,Owner\nWhat is the hotel limit?,Ann\n",
                },
            },
        }
    },
)
async def submit_batch(
    request: BoundedRequest,
    clients: AppClients,
    user: Asker,
    turns: Turns,
    name: Annotated[
        str, Query(max_length=200, description="Name of the CSV."), AfterValidator(is_unicode)
    ] = "questions.csv",
    column: Annotated[
        str,
        Query(
            max_length=200, description="Header of the column with the questions; guessed if empty."
        ),
    ] = "",
    header: Annotated[
        bool | None, Query(description="Whether a row names the columns; guessed if absent.")
    ] = None,
) -> BatchInfo:
    """Ask a list of questions (JSON) or a table with one in each row (CSV), as one batch.

    All of it is accepted or nothing. At most `BATCH_MAX_ROWS` rows (5,000 unless set) and 10 MB.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if kind not in ("application/json", CSV_TYPE):
        raise HTTPException(415, "Send application/json or text/csv.")
    async with turn_of(user, turns):
        if kind == CSV_TYPE:
            lines = await anyio.to_thread.run_sync(_read, user, body, name, column, header)
        else:
            lines = await anyio.to_thread.run_sync(_listed, body)
        return _info(await anyio.to_thread.run_sync(clients.batches.submit, user, lines))


@router.get("")
def list_batches(
    clients: AppClients, user: Reader, limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 20
) -> Batches:
    """Return your newest batches, newest first."""
    return Batches(batches=[_info(batch) for batch in clients.batches.list_batches(user, limit)])


@router.get("/{batch_id}", responses={404: UNKNOWN})
def read_batch(batch_id: str, clients: AppClients, user: Reader) -> BatchInfo:
    """Return a batch and its progress."""
    return _info(clients.batches.get(user, batch_id))


@router.get(
    "/{batch_id}/results",
    response_model=BatchResults,
    responses={
        200: {"content": {kind: {"schema": {"type": "string"}} for kind in (CSV_TYPE, XLSX_TYPE)}},
        404: UNKNOWN,
    },
)
def read_results(
    batch_id: str,
    clients: AppClients,
    user: Reader,
    key: GivenKey,
    turns: Turns,
    format: Literal["json", "csv", "xlsx"] = "json",
) -> Response:
    """Return each line with its answer, in the order of the input, even before the end.

    If your API key ends meanwhile, the reply breaks off, and is no valid JSON.
    """
    header = clients.batches.header(user, batch_id)
    results = clients.batches.results(user, batch_id)
    results = while_alive(results, clients, key)
    if format != "json":
        stem = PurePath(clients.batches.get(user, batch_id).name).stem
        pieces = csv_rows(header, results) if format == "csv" else _workbook(header, results)
        return StreamingResponse(
            in_turn(pieces, user, turns),
            media_type=CSV_TYPE if format == "csv" else XLSX_TYPE,
            headers=attachment(f"{stem}-answers.{format}"),
        )
    lines = in_turn(_as_json(list(header), results), user, turns)
    return StreamingResponse(lines, media_type="application/json")


@router.post("/{batch_id}/pause", dependencies=[Depends(refuse_other_sites)], responses=CHANGE)
def pause_batch(batch_id: str, clients: AppClients, user: Asker) -> BatchInfo:
    """Start no more questions; those that are running finish."""
    return _info(clients.batches.pause(user, batch_id))


@router.post("/{batch_id}/stop", dependencies=[Depends(refuse_other_sites)], responses=CHANGE)
def stop_batch(batch_id: str, clients: AppClients, user: Asker) -> BatchInfo:
    """Start no more questions and stop the running ones. The batch can be resumed."""
    return _info(clients.batches.stop(user, batch_id))


@router.post("/{batch_id}/resume", dependencies=[Depends(refuse_other_sites)], responses=RUN)
def resume_batch(batch_id: str, clients: AppClients, user: Asker) -> BatchInfo:
    """Ask the questions that were not asked yet, were stopped, or have expired."""
    return _info(clients.batches.resume(user, batch_id))


@router.post("/{batch_id}/retry", dependencies=[Depends(refuse_other_sites)], responses=RUN)
def retry_batch(batch_id: str, clients: AppClients, user: Asker) -> Retried:
    """Ask the failed questions again, each with a full number of attempts."""
    return Retried(retried=clients.batches.retry_failed(user, batch_id))


@router.delete(
    "/{batch_id}",
    status_code=204,
    dependencies=[Depends(refuse_other_sites)],
    responses=CHANGE,
)
def delete_batch(batch_id: str, clients: AppClients, user: Asker) -> None:
    """Remove a batch with all its answers."""
    clients.batches.delete(user, batch_id)


def _listed(body: bytes) -> Lines:
    try:
        asked = BatchRequest.model_validate_json(body)
    except ValidationError as error:
        problems = error.errors(include_context=False, include_url=False)
        located = [{**each, "loc": ("body", *each["loc"])} for each in problems]
        raise RequestValidationError(located) from None
    rows = tuple((question.strip(),) for question in asked.questions)
    return lines_of(asked.name, Sheet(asked.name, (("Question",), *rows)), 0, header_row=0)


def _read(user: str, body: bytes, name: str, column: str, header: bool | None) -> Lines:
    """Return the lines of a CSV; raises InvalidBatchError or TooManyFilesError."""
    sheets = read_sheets(name, body, user)
    sheet = sheets[likely_sheet(sheets)]
    header_row = _header_row(sheet, header)
    names = sheet.header(header_row)
    if not column:
        return lines_of(name, sheet, sheet.likely_column(header_row), header_row=header_row)
    if column not in names:
        raise InvalidBatchError(f"There is no column “{column}”. There are: {', '.join(names)}.")
    return lines_of(name, sheet, names.index(column), header_row=header_row)


def _header_row(sheet: Sheet, is_there: bool | None) -> int | None:
    """Return the row with the names of the columns; the caller may know whether there is one."""
    if is_there is False:
        return None
    guessed = sheet.likely_header_row
    return 0 if is_there and guessed is None else guessed


def _workbook(header: Sequence[str], results: Iterator[LineResult]) -> Iterator[bytes]:
    """Return a workbook in pieces, once all of it is made; it does not fit into memory."""
    file = TemporaryFile()  # noqa: SIM115 (closed when the last piece was sent, or nobody waits)
    try:
        with _workbooks:
            write_xlsx(header, results, file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return _pieces(file)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _as_json(header: list[str], results: Iterator[LineResult]) -> Iterator[str]:
    """Yield `BatchResults` line by line: a large batch does not fit into memory."""
    yield f'{{"header":{json.dumps(header)},"lines":['
    comma = ""
    for result in results:
        yield comma + _line(result).model_dump_json(exclude_none=True)
        comma = ","
    yield "]}"


def _line(result: LineResult) -> BatchLine:
    answer = result.answer if result.state is RowState.FINISHED else None
    return BatchLine(
        cells=list(result.cells),
        state=result.state,
        answer=answer.text if answer else None,
        support=answer.support.value if answer else None,
        citations=list(answer.to_dict()["citations"]) if answer else [],
        model=answer.model if answer else None,
        error=detail_of(result.failure),
    )


def _info(batch: Batch) -> BatchInfo:
    return BatchInfo(
        id=batch.id,
        name=batch.name,
        state=batch.state,
        is_over=batch.is_over,
        submitted_at=moment(batch.submitted_at),
        lines=batch.lines,
        questions=batch.rows,
        over=batch.over,
        counts=dict(batch.counts),
    )
