"""The list of jobs and what can be done with one, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.models import Question
from ui.api.dependencies import API_USER
from ui.clients import Clients


def ask(clients: Clients, *questions: str, user: str = API_USER) -> list[str]:
    return [clients.jobs.submit(user, Question(question)).id for question in questions]


def read_all(http: TestClient, **params: Any) -> list[list[str]]:
    """The ids of each page."""
    pages, cursor = [], ""
    while True:
        body = http.get("/jobs", params={**params, "cursor": cursor}).json()
        pages.append([job["job_id"] for job in body["jobs"]])
        cursor = body.get("next", "")
        if not cursor:
            return pages


def test_pages_hold_each_job_once_though_new_ones_are_asked(
    http: TestClient, clients: Clients
) -> None:
    """What is asked or deleted between two pages moves nothing on the second."""
    ids = ask(clients, *"abcdefg")
    first = http.get("/jobs", params={"limit": 3}).json()
    assert [job["job_id"] for job in first["jobs"]] == ids[:-4:-1]
    assert (first["jobs"][0]["question"], first["jobs"][0]["position"]) == ("g", 7)
    ask(clients, "new", "newer")
    last_seen = ids[-3]
    clients.jobs.stop(API_USER, last_seen)
    clients.jobs.delete(API_USER, last_seen)
    second = http.get("/jobs", params={"limit": 3, "cursor": first["next"]}).json()
    assert [job["job_id"] for job in second["jobs"]] == ids[-4:-7:-1]


@pytest.mark.parametrize("limit", [2, 3, 6, 7])
def test_last_page_has_no_next(http: TestClient, clients: Clients, limit: int) -> None:
    """Also where the jobs fill it exactly."""
    ids = ask(clients, *"abcdef")
    pages = read_all(http, limit=limit)
    assert [job_id for page in pages for job_id in page] == ids[::-1]
    assert all(pages)


def test_list_is_filtered_by_state_and_words(http: TestClient, clients: Clients) -> None:
    """Both filters page through all that match, and nothing of others is listed."""
    hotel, train, lodging = ask(clients, "The HOTEL limit?", "A train?", "Hotel in Rome?")
    ask(clients, "hotel of another", user="b-other")
    clients.jobs.stop(API_USER, hotel)
    assert read_all(http, search="hotel", limit=1) == [[lodging], [hotel]]
    assert read_all(http, state="stopped") == [[hotel]]
    assert read_all(http, state="queued") == [[lodging, train]]
    assert read_all(http, state="stopped", search="train") == [[]]


@pytest.mark.parametrize("cursor", ["x", "ü", "bm90aGluZw", "aW5mIHg", "!!!!"])
def test_foreign_cursor_is_422(http: TestClient, cursor: str) -> None:
    """A cursor that we did not make is refused with a sentence."""
    response = http.get("/jobs", params={"cursor": cursor})
    assert (response.status_code, response.json()["error"]["kind"]) == (422, "invalid_cursor")


def test_job_is_stopped_retried_and_deleted(http: TestClient, clients: Clients) -> None:
    """Each in its time; out of it, 409 with the words of the pages."""
    (job_id,) = ask(clients, "Why?")
    retry = http.post(f"/jobs/{job_id}/retry")
    assert (retry.status_code, retry.json()["error"]["message"]) == (
        409,
        "Only a failed or stopped question can be retried.",
    )
    assert http.delete(f"/jobs/{job_id}").status_code == 409
    assert http.post(f"/jobs/{job_id}/stop").json()["status"] == "stopped"
    assert http.post(f"/jobs/{job_id}/stop").status_code == 409
    assert http.post(f"/jobs/{job_id}/retry").json()["status"] == "queued"
    http.post(f"/jobs/{job_id}/stop")
    assert http.delete(f"/jobs/{job_id}").status_code == 204
    assert http.get(f"/job-status/{job_id}").status_code == 404


def test_job_of_another_is_not_found(http: TestClient, clients: Clients) -> None:
    """Nothing can be done with it, nor learned of it."""
    (job_id,) = ask(clients, "Why?", user="b-other")
    calls = [("POST", "/retry"), ("POST", "/stop"), ("DELETE", ""), ("GET", "/events")]
    for method, path in calls:
        response = http.request(method, f"/jobs/{job_id}{path}")
        assert (response.status_code, response.json()["error"]["kind"]) == (404, "not_found")
    assert clients.jobs.get_job("b-other", job_id).state.value == "queued"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/jobs/x/stop"),
        ("POST", "/jobs/x/retry"),
        ("DELETE", "/jobs/x"),
        ("POST", "/documents"),
        ("DELETE", "/documents/x"),
        ("POST", "/batches"),
        ("POST", "/batches/x/stop"),
        ("DELETE", "/batches/x"),
        ("POST", "/v1/chat/completions"),
    ],
)
def test_page_of_another_site_changes_nothing(http: TestClient, method: str, path: str) -> None:
    """Whatever changes something is refused to it."""
    body = {"model": "askqueue", "messages": [{"role": "user", "content": "x"}]}
    response = http.request(method, path, headers={"Origin": "http://evil.test"}, json=body)
    assert response.status_code == 403
