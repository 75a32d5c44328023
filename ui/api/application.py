"""The HTTP API: the same jobs as on the pages, for programs.

`ui.server` mounts it at /api; `uvicorn ui.api:app --port 8000` runs it alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi_offline import FastAPIOffline

from jobs.logs import configure_logging
from ui.api import (
    batches,
    documents,
    events,
    files,
    glossary,
    health,
    jobs,
    me,
    openai,
    operators,
    question_sets,
    questions,
    webhooks,
)
from ui.api.dependencies import take_turn
from ui.api.description import description
from ui.api.errors import ERRORS, HANDLERS
from ui.clients import Clients
from ui.web.allowed_hosts import AllowedHosts
from ui.web.security_headers import ApiHeaders
from ui.web.startup_checks import check_start

DOCS_PATH = "/docs"
# Far more than any question. If the length is announced, the framework itself refuses, in text.
MAX_BODY_BYTES = 1024 * 1024

# What these do takes a while, and so their caller's turn.
IN_TURN = (
    *(questions.router, jobs.router, files.router, batches.router, documents.router, me.router),
    *(webhooks.router, glossary.router),
)
# These last as long as a file needs to arrive, and take their turn then; or as long as a job, and
# have places of their own; or they are for programs that look after this process.
AT_ONCE = (
    *(documents.upload_router, batches.upload_router, questions.waiting_router, events.router),
    *(openai.router, health.router, operators.router, glossary.operator_router),
    question_sets.router,
)


def create_app(clients: Clients) -> FastAPI:
    """Build the API over these clients. Nothing connects before the first request."""

    @asynccontextmanager
    async def run_alone(_app: FastAPI) -> AsyncIterator[None]:
        # Servers start only the outermost application: mounted, `ui.server` has done this.
        configure_logging(clients.settings)
        check_start(clients.settings)
        yield

    app = FastAPIOffline(  # its docs load no script from a foreign host
        docs_url=DOCS_PATH,
        redoc_url=None,
        title="Askqueue",
        summary="Ask questions of your documents: submit, follow, read the cited answer.",
        description=description(),
        version="1",
        openapi_url="/openapi.json",
        lifespan=run_alone,
        responses={401: ERRORS[401], 403: ERRORS[403], 422: ERRORS[422]},
        exception_handlers=HANDLERS,
        max_body_size=MAX_BODY_BYTES,
    )
    app.state.clients = clients
    app.add_middleware(AllowedHosts, allowed=clients.settings.host_names)
    app.add_middleware(ApiHeaders, docs_path=DOCS_PATH)
    for router in IN_TURN:
        app.include_router(
            router,
            dependencies=[Depends(take_turn, scope="function")],
            responses={429: ERRORS[429]},
        )
    for router in AT_ONCE:
        app.include_router(router)
    return app
