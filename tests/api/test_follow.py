"""Following a job: places, positions, and what a follower is told without a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import anyio
import pytest
from fastapi.testclient import TestClient

from jobs.models import Question
from jobs.questions.follower import EventKind, JobEvent, JobFollower, Position
from jobs.questions.wait_reason import WaitReason
from jobs.settings import Settings
from tests.api.app import API
from tests.coroutines import run_apart
from tests.waiting import HANG_SECONDS
from ui.api.dependencies import API_USER
from ui.api.streams import follower_limiter
from ui.clients import Clients

CHAT = {"model": "askqueue", "messages": [{"role": "user", "content": "Why?"}]}


def ask(clients: Clients) -> str:
    return clients.jobs.submit(API_USER, Question("Why?")).id


def use_limiter(most: int) -> anyio.CapacityLimiter:
    """Let at most so many callers follow a job at once."""
    limiter = anyio.CapacityLimiter(most)
    API.dependency_overrides[follower_limiter] = lambda: limiter
    return limiter


def stopped(clients: Clients) -> str:
    job_id = ask(clients)
    clients.jobs.stop(API_USER, job_id)
    return job_id


def follow(
    settings: Settings, clients: Clients, job_id: str, on_event: Callable[[JobEvent], bool]
) -> list[EventKind]:
    """The kinds of the events until the end, or until `on_event` says that it is enough."""

    async def read() -> list[EventKind]:
        kinds = []
        following = JobFollower(settings.broker_url, clients.jobs)
        async with asyncio.timeout(HANG_SECONDS):
            events = following.follow(API_USER, job_id, Position())
            async with aclosing(events):
                async for event in events:
                    kinds.append(event.kind)
                    if on_event(event):
                        break
        return kinds

    return run_apart(read())


def test_follower_beyond_the_limit_is_told_when_to_come_again(
    http: TestClient, clients: Clients
) -> None:
    """503 with Retry-After, in each shape of error, and nothing is asked."""
    use_limiter(0)
    job_id = stopped(clients)
    refused = http.get(f"/jobs/{job_id}/events")
    assert (refused.status_code, refused.json()["error"]["kind"]) == (503, "too_many_followers")
    assert int(refused.headers["Retry-After"]) > 0
    refused = http.post("/v1/chat/completions", json=CHAT)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "too_many_followers")
    assert int(refused.headers["Retry-After"]) > 0
    assert clients.jobs.count_jobs(API_USER) == 1


def test_place_is_free_again_however_the_reply_ended(http: TestClient, clients: Clients) -> None:
    """After an end, an unknown job, a bad position, and a refused chat."""
    limiter = use_limiter(1)
    path = f"/jobs/{stopped(clients)}/events"
    for _ in range(2):
        ended = http.get(path)
        assert (ended.status_code, ended.headers["content-type"]) == (
            200,
            "text/event-stream; charset=utf-8",
        )
        assert "event: stopped" in ended.text
        assert http.get("/jobs/nonsense/events").status_code == 404
        assert http.get(path, headers={"Last-Event-ID": "?"}).status_code == 422
        wrong: dict[str, Any] = {**CHAT, "model": "gpt-4"}
        assert http.post("/v1/chat/completions", json=wrong).status_code == 404
    assert limiter.borrowed_tokens == 0


@pytest.mark.parametrize(
    "text",
    ["0-0.0.0", "1769860800456-3.2.17", "5-1.1.4.whole", "5-1.1.4.whole.over", "0-0.0.0.over"],
)
def test_position_survives_the_wire(text: str) -> None:
    """What was sent as an id is read as the same position."""
    assert str(Position.of(text)) == text


@pytest.mark.parametrize(
    "last_id", ["1", "x-0.1.1", "99999999999999999999-0.1.1", "1-1.1.1.done", "1-1.1.-1", "²-1.1.1"]
)
def test_position_of_others_is_422(http: TestClient, clients: Clients, last_id: str) -> None:
    """Valkey is never asked for a place that it cannot have."""
    headers = {"Last-Event-ID": last_id.encode()}
    response = http.get(f"/jobs/{stopped(clients)}/events", headers=headers)  # type: ignore[arg-type]
    assert (response.status_code, response.json()["error"]["kind"]) == (422, "invalid_cursor")


def test_follower_of_a_silent_job_gets_heartbeats(
    settings: Settings, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without them, proxies cut the connection, and nobody notices who has gone."""
    monkeypatch.setattr("jobs.questions.follower.HEARTBEAT_SECONDS", 1.0)
    kinds = follow(settings, clients, ask(clients), lambda event: event.kind is EventKind.BEAT)
    assert kinds == [EventKind.STATUS, EventKind.BEAT]


def test_follower_is_told_what_a_question_waits_for(settings: Settings, clients: Clients) -> None:
    """First of all, and again when one ahead of it is gone."""
    first, second = ask(clients), ask(clients)
    told = []

    def note(event: JobEvent) -> bool:
        assert event.view
        assert event.waiting
        told.append((event.view.position, event.waiting.ahead, event.waiting.held_by))
        if len(told) == 1:
            clients.jobs.stop(API_USER, first)
        return len(told) == 2

    follow(settings, clients, second, note)
    assert told == [(2, 1, WaitReason.NO_WORKER), (1, 0, WaitReason.NO_WORKER)]


def test_follower_of_a_deleted_job_hears_its_end(settings: Settings, clients: Clients) -> None:
    """It does not follow for ever what is not there."""
    job_id = ask(clients)

    def delete(event: JobEvent) -> bool:
        if event.kind is EventKind.STATUS:
            clients.jobs.stop(API_USER, job_id)
            clients.jobs.delete(API_USER, job_id)
        return False

    assert follow(settings, clients, job_id, delete) == [EventKind.STATUS, EventKind.FAILED]
