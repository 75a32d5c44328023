"""Following a job: places, positions, and what a follower is told without a worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack, aclosing
from typing import Any

import anyio
import pytest
import redis
from fastapi.testclient import TestClient

from jobs.access.api_keys import ApiKey, Scope
from jobs.errors import TooManyOwnFollowersError, WrongKeyError
from jobs.models import Question, Stage
from jobs.questions.event_stream import EventWriter
from jobs.questions.follower import (
    GATHER_SECONDS,
    LOOK_SECONDS,
    EventKind,
    JobEvent,
    JobFollower,
    Position,
)
from jobs.questions.wait_reason import WaitReason
from jobs.settings import Settings
from tests.api.app import API
from tests.coroutines import run_apart
from tests.waiting import HANG_SECONDS
from ui.api.dependencies import API_USER
from ui.api.events import _data
from ui.api.streams import (
    MAX_FOLLOWERS,
    MAX_OF_A_KEY,
    MAX_OF_A_USER,
    MAX_OF_NOBODY,
    CallerPlaces,
    follower_limiter,
    follower_places,
)
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
    settings: Settings,
    clients: Clients,
    job_id: str,
    on_event: Callable[[JobEvent], bool],
    key: ApiKey | None = None,
) -> list[EventKind]:
    """The kinds of the events until the end, or until `on_event` says that it is enough."""

    async def read() -> list[EventKind]:
        kinds = []
        following = JobFollower(settings.broker_url, clients.jobs)
        async with asyncio.timeout(HANG_SECONDS):
            events = following.follow(API_USER, job_id, Position(), key=key)
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


def test_one_caller_leaves_places_for_others(clients: Clients) -> None:
    """A user has a share, of all keys together, and each key a smaller one; both come back."""
    places = CallerPlaces(of_a_user=3, of_a_key=2, of_nobody=4)
    one, other = (clients.keys.create("ann", name, [Scope.READ])[0] for name in ("one", "other"))
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(places.taken("ann", one))
        with pytest.raises(TooManyOwnFollowersError), places.taken("ann", one):
            pass
        held.enter_context(places.taken("ann", other))
        for key in (other, None):
            with pytest.raises(TooManyOwnFollowersError), places.taken("ann", key):
                pass
        held.enter_context(places.taken("bob", None))
    assert not places._taken
    assert MAX_OF_A_KEY < MAX_OF_A_USER < MAX_OF_NOBODY < MAX_FOLLOWERS


def test_caller_with_too_many_followers_is_refused_while_others_get_in(
    http: TestClient, clients: Clients
) -> None:
    """429 with Retry-After, in each shape of error, and the places of others are untouched."""
    places = CallerPlaces(of_a_user=1)
    API.dependency_overrides[follower_places] = lambda: places
    _, secret = clients.keys.create("ann", "program", [Scope.ASK, Scope.READ])
    headers = {"Authorization": f"Bearer {secret}"}
    mine = clients.jobs.submit("ann", Question("Why?")).id
    clients.jobs.stop("ann", mine)
    with places.taken("ann", None):
        refused = http.get(f"/jobs/{mine}/events", headers=headers)
        assert (refused.status_code, refused.json()["error"]["kind"]) == (
            429,
            "too_many_own_followers",
        )
        assert int(refused.headers["Retry-After"]) > 0
        refused = http.post("/v1/chat/completions", json=CHAT, headers=headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (
            429,
            "too_many_own_followers",
        )
        assert int(refused.headers["Retry-After"]) > 0
        assert http.get(f"/jobs/{stopped(clients)}/events").status_code == 200
    assert http.get(f"/jobs/{mine}/events", headers=headers).status_code == 200


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_follower_ends_with_its_key(
    settings: Settings, clients: Clients, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """The job goes on, and nothing more of it is told: not even the next event after that look."""
    now = time.time()
    key, _ = clients.keys.create(API_USER, "a", [Scope.READ], expires_at=now + 3600)
    told: list[JobEvent] = []

    def end_key(event: JobEvent) -> bool:
        told.append(event)
        if event.kind is EventKind.STATUS and end == "revoked":
            clients.keys.revoke(API_USER, key.id)
        elif event.kind is EventKind.STATUS:
            monkeypatch.setattr("time.time", lambda: now + 3601)
        return False

    job_id = ask(clients)
    kinds = follow(settings, clients, job_id, end_key, key)
    assert kinds == [EventKind.STATUS, EventKind.FAILED]
    assert isinstance(told[-1].error, WrongKeyError)
    assert LOOK_SECONDS + GATHER_SECONDS < 2
    assert not clients.jobs.get_job(API_USER, job_id).state.is_over


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


def test_follower_is_told_the_parts_of_a_question(
    connection: redis.Redis, settings: Settings, clients: Clients
) -> None:
    """With the stage of the search, and over HTTP in the same event; other stages have none."""
    job_id = ask(clients)
    writer = EventWriter(connection, job_id, 1)
    writer.parts(["What is A?", "What is B?"])
    writer.stage(Stage.GENERATING)
    events: list[JobEvent] = []

    def on_event(event: JobEvent) -> bool:
        events.append(event)
        return event.stage is Stage.GENERATING

    follow(settings, clients, job_id, on_event)
    stages = [event for event in events if event.kind is EventKind.STAGE]
    assert [event.stage for event in stages] == [Stage.RETRIEVING, Stage.GENERATING]
    assert [event.parts for event in stages] == [("What is A?", "What is B?"), ()]
    data = [_data(event, job_id).model_dump(exclude_none=True) for event in stages]
    assert data[0]["parts"] == ["What is A?", "What is B?"]
    assert "parts" not in data[1]


def test_follower_of_a_deleted_job_hears_its_end(settings: Settings, clients: Clients) -> None:
    """It does not follow for ever what is not there."""
    job_id = ask(clients)

    def delete(event: JobEvent) -> bool:
        if event.kind is EventKind.STATUS:
            clients.jobs.stop(API_USER, job_id)
            clients.jobs.delete(API_USER, job_id)
        return False

    assert follow(settings, clients, job_id, delete) == [EventKind.STATUS, EventKind.FAILED]
