"""Files that pages link to: an answer, a cited original, an export. For their owner alone.

A browser asks with its cookie, as for a page; programs ask with a key. Every reply is one to be
saved, and none is cached.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator

from jobs.answer_files.apart import write_file
from jobs.answer_files.formats import WRITERS, AnswerFormat, file_name
from jobs.errors import InvalidStateError, NotFoundError
from jobs.models import JobState
from jobs.questions.export import evaluation_lines
from jobs.questions.query import JobOrder, JobQuery
from ui.api.dependencies import AppClients, DocumentsUser, GivenKey, Reader, Turns, in_turn
from ui.api.errors import ERRORS
from ui.api.models import is_unicode
from ui.api.streams import while_alive
from ui.web.attachments import HARMLESS, attachment

MAX_IDS_CHARS = 60_000
UNFINISHED = "This question has no answer yet. Wait until it is finished."
GONE = "The answer is gone. Ask again."
NO_SOURCE = "This answer has no such source."

router = APIRouter(prefix="/jobs", responses={503: ERRORS[503]}, tags=["jobs"])
Words = Annotated[str, Query(max_length=1000), AfterValidator(is_unicode)]


@router.get("/export", response_class=StreamingResponse)
def export_jobs(
    clients: AppClients,
    user: Reader,
    key: GivenKey,
    turns: Turns,
    ids: Annotated[
        str, Query(max_length=MAX_IDS_CHARS, description="Only these, with commas between.")
    ] = "",
    without: Annotated[
        str, Query(max_length=MAX_IDS_CHARS, description="All that match but these.")
    ] = "",
    search: Words = "",
    state: JobState | None = None,
    asked_from: Annotated[float | None, Query(description="Unix time.")] = None,
    asked_until: Annotated[float | None, Query(description="Unix time.")] = None,
    document: Words = "",
    order: JobOrder = JobOrder.NEWEST,
) -> Response:
    """Return your answered questions with passages and feedback, as JSON Lines."""
    query = JobQuery(
        search, frozenset({state} if state else ()), asked_from, asked_until, document, order
    )
    left_out = set(_listed(without))
    chosen = _listed(ids) or [
        job_id for job_id in clients.jobs.find_jobs(user, query) if job_id not in left_out
    ]
    lines = _begun(line.encode() for line in evaluation_lines(clients.jobs, user, chosen))
    return StreamingResponse(
        in_turn(while_alive(lines, clients, key), user, turns),
        media_type="application/jsonl",
        headers=attachment("askqueue.jsonl"),
    )


@router.get(
    "/{job_id}/file", responses={404: ERRORS[404], 409: ERRORS[409]}, response_class=Response
)
def download_answer(
    job_id: str, clients: AppClients, user: Reader, format: AnswerFormat = AnswerFormat.PDF
) -> Response:
    """Return a finished answer with its sources, as PDF, Word or Markdown."""
    view = clients.jobs.get_job(user, job_id)
    if view.state is not JobState.FINISHED:
        raise InvalidStateError(UNFINISHED)
    answer = clients.jobs.get_answer(user, job_id)
    if answer is None:
        raise NotFoundError(GONE)
    return Response(
        write_file(format, view, answer),
        media_type=WRITERS[format].media_type,
        headers=attachment(file_name(view.asked.text, format.value)),
    )


@router.get(
    "/{job_id}/sources/{number}/original",
    responses={404: ERRORS[404]},
    response_class=StreamingResponse,
)
def download_original(
    job_id: str,
    number: int,
    clients: AppClients,
    user: Reader,
    _documents: DocumentsUser,
    key: GivenKey,
) -> Response:
    """Return the file that an answer cites under this number, as it was uploaded.

    Where the documents don't say, the number is that of one of the `nearest` passages.
    """
    answer = clients.jobs.get_answer(user, job_id)
    cited = answer.sources if answer else ()
    for citation in cited:
        if citation.number == number:
            name = citation.document_name
            pieces = _begun(clients.pictures.original(citation.document_id, name))
            alive = while_alive(pieces, clients, key)
            return StreamingResponse(alive, media_type=HARMLESS, headers=attachment(name))
    raise NotFoundError(NO_SOURCE)


def _listed(ids: str) -> list[str]:
    return [job_id for job_id in ids.split(",") if job_id]


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Return the same pieces; what the first raises is raised now, while there is a status."""
    return chain((next(pieces, b""),), pieces)
