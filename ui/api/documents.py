"""Documents over HTTP: add, list, read and delete, with the same limits as on the page."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile as FormFile
from starlette.exceptions import HTTPException
from starlette.types import Message

from jobs.documents.repository import PAGE
from jobs.errors import InvalidUploadError
from jobs.models import Document, Visibility
from jobs.settings import Settings
from ui.api.arriving import BoundedRequest
from ui.api.dependencies import (
    API_USER,
    AppClients,
    DocumentsUser,
    Turns,
    refuse_other_sites,
    turn_of,
)
from ui.api.errors import ERRORS, ErrorDetail, detail_of
from ui.api.models import moment

EXAMPLE_ID = "5f2b51ca2fdc5baa31ec02e002f69aec3b7a3f3d9cf1f4b1f1a0a7f3b8d9e2c4"
# What a form says around its file. MAX_UPLOAD_MB is what counts; this server reads no more.
FORM_BYTES = 64 * 1024
# Above any MAX_UPLOAD_MB that makes sense: the framework's own limit is fixed with the address.
MAX_FORM_BYTES = 2**40
MAX_LISTED = 500
MAX_OFFSET = 1_000_000
NOBODY = (
    "A private document needs an owner, and this request does not say who asks: everybody who asks "
    "like this would see it. Send an API key, or add it on the Documents page."
)


class DocumentInfo(BaseModel):
    """A document and the progress of its indexing."""

    id: str = Field(
        description="SHA-256 of its content in hex; for a private document, of its owner too.",
        examples=[EXAMPLE_ID],
    )
    name: str = Field(examples=["travel-policy.pdf"])
    size: int = Field(description="Bytes.", examples=[48211])
    status: str = Field(description="queued, indexing, indexed or failed.", examples=["indexed"])
    visibility: Visibility = Field(
        description="shared with everybody, or private: only its owner sees it, asks it, and is "
        "given answers from it."
    )
    progress: float = Field(description="From 0 to 1 during indexing.", examples=[1.0])
    embedded: float = Field(
        1.0,
        description="The share of its passages, from 0 to 1, that search by meaning finds, where "
        "the worker's own model makes that possible; words find all that is indexed.",
        examples=[1.0],
    )
    pages: int = Field(examples=[12])
    passages: int = Field(examples=[31])
    added_at: datetime
    kept_until: datetime | None = Field(None, description="When it is removed; absent if never.")
    error: ErrorDetail | None = Field(None, description="Why it is not indexed.")
    notes: list[str] = Field([], description="What was not read or is doubtful, one sentence each.")
    came_with: str | None = Field(
        None, description="The name of the mail or archive that it was in; absent if of none."
    )
    contents: list[str] = Field([], description="The ids of the documents that were in it.")


class Documents(BaseModel):
    """A page of the documents that the caller sees, newest first."""

    documents: list[DocumentInfo]
    total: int = Field(description="How many there are in all.", examples=[1])


UNKNOWN = {**ERRORS[404], "description": "Unknown document"}

router = APIRouter(prefix="/documents", responses={503: ERRORS[503]}, tags=["documents"])
upload_router = APIRouter(prefix="/documents", responses={503: ERRORS[503]}, tags=["documents"])


@upload_router.post(
    "",
    status_code=201,
    dependencies=[Depends(refuse_other_sites)],
    max_body_size=MAX_FORM_BYTES,
    response_model_exclude_none=True,
    responses={
        200: {"model": DocumentInfo, "description": "The same content was there already"},
        403: ERRORS[403],
        409: {**ERRORS[409], "description": "A worker does not know private documents yet"},
        408: ERRORS[408],
        413: ERRORS[413],
        415: ERRORS[415],
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "properties": {
                            "file": {"type": "string", "format": "binary"},
                            "visibility": {
                                "type": "string",
                                "enum": [each.value for each in Visibility],
                                "default": Visibility.SHARED.value,
                            },
                        },
                    }
                }
            },
        }
    },
)
async def add_document(
    request: BoundedRequest,
    response: Response,
    clients: AppClients,
    user: DocumentsUser,
    turns: Turns,
) -> DocumentInfo:
    """Add a document, as the field `file` of a form, and queue it for indexing.

    At most `MAX_UPLOAD_MB` (50 by default). The same content again restarts its retention time.
    With the field `visibility` set to `private`, only the caller sees it; callers without an
    identity of their own cannot add one.
    """
    name, data, visibility = await _form_of(request, clients.settings)
    if visibility is Visibility.PRIVATE and user == API_USER:
        raise InvalidUploadError(NOBODY)
    async with turn_of(user, turns):
        document, is_new = await anyio.to_thread.run_sync(
            clients.documents.add, user, name, data, visibility
        )
    if not is_new:
        response.status_code = 200
    return _info(document, clients.settings)


@router.get("", response_model_exclude_none=True)
def list_documents(
    clients: AppClients,
    user: DocumentsUser,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET, description="How many to leave out.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = PAGE,
) -> Documents:
    """Return a page of the shared documents and the caller's own, newest first."""
    page = clients.documents.page(user, offset, limit)
    return Documents(
        documents=[_info(document, clients.settings) for document in page.documents],
        total=page.total,
    )


@router.get("/{document_id}", response_model_exclude_none=True, responses={404: UNKNOWN})
def read_document(document_id: str, clients: AppClients, user: DocumentsUser) -> DocumentInfo:
    """Return one document. Poll it until its status is indexed or failed."""
    return _info(clients.documents.get(document_id, user), clients.settings)


@router.delete(
    "/{document_id}",
    status_code=204,
    dependencies=[Depends(refuse_other_sites)],
    responses={
        403: {**ERRORS[403], "description": "Added by another, or sent by a page of another site"},
        404: UNKNOWN,
    },
)
def delete_document(document_id: str, clients: AppClients, user: DocumentsUser) -> None:
    """Remove a document that the caller added: at once, and its passages shortly after."""
    clients.documents.delete(user, document_id)


async def _form_of(request: Request, settings: Settings) -> tuple[str, bytes, Visibility]:
    """Return the file's name, content and visibility; raises InvalidUploadError, HTTPException."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise HTTPException(415, "Send a form, multipart/form-data, with the file as `file`.")
    most, read = settings.max_upload_bytes + FORM_BYTES, 0

    async def receive() -> Message:
        nonlocal read
        message = await request.receive()
        read += len(message.get("body", b""))
        if read > most:
            raise HTTPException(413, f"The most is {settings.max_upload_mb} MB. Split the file.")
        return message

    try:
        async with Request(request.scope, receive).form(max_files=1, max_fields=5) as form:
            file = form.get("file")
            if not isinstance(file, FormFile):
                raise InvalidUploadError("There is no file in the field `file` of this form.")
            visibility = _visibility_of(form.get("visibility") or Visibility.SHARED)
            return file.filename or "", await file.read(), visibility
    except HTTPException as error:
        if error.status_code != 400:
            raise
        raise InvalidUploadError(f"This form cannot be read. {error.detail}") from error


def _visibility_of(value: object) -> Visibility:
    try:
        return Visibility(str(value))
    except ValueError:
        raise InvalidUploadError("The field `visibility` is shared or private.") from None


def _info(document: Document, settings: Settings) -> DocumentInfo:
    return DocumentInfo(
        id=document.id,
        name=document.name,
        size=document.size,
        status=document.status.value,
        visibility=document.visibility,
        progress=document.progress,
        embedded=document.embedded,
        pages=document.pages,
        passages=document.passages,
        added_at=moment(document.added_at),
        kept_until=moment(document.kept_until(settings.document_retention_seconds)),
        error=detail_of(document.failure),
        notes=list(document.notes),
        came_with=document.came_with or None,
        contents=list(document.contents),
    )
