"""What the API says of limits: 413 and 429 as documented, urgency, and why a job waits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from jobs.models import Question
from jobs.settings import Settings
from ui.api.dependencies import API_USER
from ui.clients import Clients

MOST = 3


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(
        questions_per_minute=MOST, urgent_per_minute=1, user_storage_mb=1, user_concurrency=2
    )


def ask(http: TestClient, key: str = "", **body: object) -> tuple[int, dict[str, str], dict]:  # type: ignore[type-arg]
    headers = {"Idempotency-Key": key} if key else {}
    response = http.post("/chat", json={"query": "Why?", **body}, headers=headers)
    return response.status_code, dict(response.headers), response.json()


def test_replies_say_what_is_left_and_a_refusal_when_to_come_back(http: TestClient) -> None:
    """202 counts down; 429 has Retry-After, and the same headers with nothing left."""
    for left in reversed(range(MOST)):
        status, headers, _ = ask(http)
        assert (status, headers["ratelimit-remaining"]) == (202, str(left))
        assert headers["ratelimit-policy"] == f"{MOST};w=60"
    status, headers, body = ask(http)
    assert (status, body["error"]["kind"]) == (429, "too_many_questions")
    assert 1 <= int(headers["retry-after"]) <= 60
    assert headers["ratelimit-reset"] == headers["retry-after"]
    assert (headers["ratelimit-limit"], headers["ratelimit-remaining"]) == (str(MOST), "0")


def test_same_key_counts_once_here_and_at_the_openai_protocol(http: TestClient) -> None:
    """A request that is sent again is the question that was accepted, and costs nothing."""
    ids = {ask(http, key="k")[2]["job_id"] for _ in range(MOST + 1)}
    assert len(ids) == 1
    _, headers, _ = ask(http, key="k")
    assert headers["ratelimit-remaining"] == str(MOST - 1)


def test_openai_protocol_has_the_same_limit(http: TestClient) -> None:
    """429 in the shape of OpenAI, with Retry-After, which its clients heed."""
    for _ in range(MOST):
        ask(http)
    body = {"model": "askqueue", "messages": [{"role": "user", "content": "Why?"}]}
    response = http.post("/v1/chat/completions", json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (429, "too_many_questions")
    assert int(response.headers["retry-after"]) >= 1


def test_urgent_job_goes_first_and_is_limited(http: TestClient) -> None:
    """By the body of a new one, or afterwards; the next in the same minute is 429."""
    _, _, usual = ask(http)
    status, _, urgent = ask(http, priority="urgent")
    assert status == 202
    view = http.get(f"/job-status/{urgent['job_id']}").json()
    assert (view["priority"], view["position"]) == ("urgent", 1)
    path = f"/jobs/{usual['job_id']}/urgent"
    response = http.post(path)
    assert (response.status_code, response.json()["error"]["kind"]) == (429, "too_many_urgent")
    assert http.post(f"/jobs/{urgent['job_id']}/urgent").status_code == 200
    assert http.post("/jobs/unknown/urgent").status_code == 404
    http.post(f"/jobs/{usual['job_id']}/stop")
    assert http.post(path).status_code == 409
    assert ask(http, priority="at once")[0] == 422


def test_waiting_job_says_why(http: TestClient, clients: Clients) -> None:
    """For programs and for people, alone and in the list; nothing once it is over."""
    clients.jobs.submit("ann", Question("before?"))
    ids = [ask(http)[2]["job_id"] for _ in range(MOST)]
    for job_id, (reason, message, ahead) in zip(
        ids,
        [
            ("no_worker", "1 ahead of you · no worker runs", 1),
            ("no_worker", "2 ahead of you · no worker runs", 2),
            ("no_worker", "Waiting for your other questions · no worker runs", None),
        ],
        strict=True,
    ):
        waiting = http.get(f"/job-status/{job_id}").json()["waiting"]
        assert (waiting["reason"], waiting["message"]) == (reason, message)
        assert waiting.get("ahead") == ahead
    listed = {job["job_id"]: job["waiting"] for job in http.get("/jobs").json()["jobs"]}
    assert listed[ids[0]]["ahead"] == 1
    clients.jobs.stop(API_USER, ids[0])
    assert "waiting" not in http.get(f"/job-status/{ids[0]}").json()


def test_document_without_room_is_413(http: TestClient) -> None:
    """With what is used and allowed; nothing of it is stored."""
    for number in range(2):
        file = (f"{number}.md", str(number).encode() * 400_000)
        assert http.post("/documents", files={"file": file}).status_code == 201
    response = http.post("/documents", files={"file": ("more.md", b"x" * 400_000)})
    assert (response.status_code, response.json()["error"]["kind"]) == (413, "storage_exceeded")
    assert "0.8 MB of the 1 MB" in response.json()["error"]["message"]
    assert len(http.get("/documents").json()["documents"]) == 2


def test_limits_are_documented(http: TestClient) -> None:
    """Where 429 can come, with its headers; and how many, in the text before the endpoints."""
    schema = http.get("/openapi.json").json()
    for path in ("/chat", "/jobs/{job_id}/urgent", "/v1/chat/completions"):
        headers = schema["paths"][path]["post"]["responses"]["429"]["headers"]
        assert {"Retry-After", "RateLimit-Remaining"} <= set(headers), path
    assert "RateLimit-Remaining" in schema["paths"]["/chat"]["post"]["responses"]["202"]["headers"]
    text = schema["info"]["description"]
    for words in ("QUESTIONS_PER_MINUTE", "USER_STORAGE_MB", "too_many_urgent", "storage_exceeded"):
        assert words in text
