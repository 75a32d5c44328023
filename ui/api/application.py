"""The HTTP API: the same jobs as on the pages, for programs.

`ui.server` mounts it at /api; `uvicorn ui.api:app --port 8000` runs it alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from jobs.logs import configure_logging
from ui.api import (
    batches,
    documents,
    events,
    health,
    jobs,
    me,
    openai,
    operators,
    questions,
    webhooks,
)
from ui.api.description import description
from ui.api.errors import ERRORS, HANDLERS
from ui.clients import Clients
from ui.web.allowed_hosts import AllowedHosts
from ui.web.security_headers import ApiHeaders
from ui.web.startup_checks import check_start

DOCS_PATH = "/docs"
# Far more than any question. If the length is announced, the framework itself refuses, in text.
MAX_BODY_BYTES = 1024 * 1024

ROUTERS = (
    *(questions.router, jobs.router, events.router, openai.router, batches.router),
    *(documents.router, health.router, me.router, operators.router, webhooks.router),
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
    for router in ROUTERS:
        app.include_router(router)
    return app
