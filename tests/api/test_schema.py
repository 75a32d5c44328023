"""Whatever its documentation allows, the API answers as documented."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from jobs.access.api_keys import ApiKey
from jobs.models import Answer
from jobs.questions.follower import EventKind, JobEvent, Position
from tests.api.app import API
from ui.api.streams import job_follower
from ui.clients import Clients

SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", API)
OPERATIONS = {
    f"{operation.ok().method.upper()} {operation.ok().path}": operation.ok()
    for operation in SCHEMA.get_all_operations()
}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


class Over:
    """Every job that is followed is over at once: no worker runs here."""

    def __init__(self, clients: Clients) -> None:
        self._jobs = clients.jobs

    async def follow(
        self, user: str, job_id: str, position: Position, *, key: ApiKey | None = None
    ) -> AsyncGenerator[JobEvent]:
        view = self._jobs.get_job(user, job_id)
        yield JobEvent(EventKind.FINISHED, position, view=view, answer=Answer("It is 160."))


@pytest.fixture
def caller(http: TestClient, clients: Clients) -> TestClient:
    API.dependency_overrides[job_follower] = lambda: Over(clients)
    return http


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.usefixtures("caller")
def test_endpoint_answers_as_documented(name: str) -> None:
    """No input makes it fail, nor answer with a status, type or shape that is not documented."""

    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def answers(data: st.DataObject) -> None:
        case = data.draw(OPERATIONS[name].as_strategy())
        case.validate_response(case.call(session=None), checks=CHECKS)

    answers()
