"""What the API makes of requests from other sites, odd input, and its own documentation."""

from __future__ import annotations

import json

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from jobs.questions.client import JobClient
from tests.api.app import API
from ui.api import application

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},  # another port of this host, which shares our cookie
        {"Origin": "http://elsewhere.example"},
        {"Origin": "http://testserver:81"},
        {"Origin": "null"},
    ],
)
def test_question_from_a_page_elsewhere_is_refused(
    http: TestClient, client: JobClient, headers: dict[str, str]
) -> None:
    """Nothing is queued for a page of another site, or of another port."""
    response = http.post("/chat", params={"query": "Why?"}, headers=headers)
    assert (response.status_code, response.json()["error"]["kind"]) == (403, "cross_site")
    assert client.list_jobs("api").total == 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://testserver"},
        # behind a proxy that changes the host, the browser's own word counts
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://ask.example"},
    ],
)
def test_question_from_our_own_pages_or_a_program_is_accepted(
    http: TestClient, headers: dict[str, str]
) -> None:
    """Programs send no such header; our own pages, those of this site."""
    assert http.post("/chat", params={"query": "Why?"}, headers=headers).status_code == 202


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ('{"query"', JSON),
        ('{"query": "\\ud800"}', JSON),  # half a character
        ('{"query": 5}', JSON),
        ("[]", JSON),
        ('{"query": "Why?"}', {"content-type": "text/plain"}),  # what a form elsewhere can send
    ],
)
def test_body_that_is_no_question_is_422(
    http: TestClient, body: str, headers: dict[str, str]
) -> None:
    """Broken JSON, the wrong types and text that cannot be stored are the caller's mistake."""
    response = http.post("/chat", content=body, headers=headers)
    assert (response.status_code, response.json()["error"]["kind"]) == (422, "invalid_input")


def test_missing_question_is_422(http: TestClient) -> None:
    """Neither a parameter nor a body is an empty question."""
    response = http.post("/chat")
    assert (response.status_code, response.json()["error"]["kind"]) == (422, "invalid_question")


def test_huge_body_is_413(http: TestClient) -> None:
    """A body that can be no question is refused, whether or not it says how long it is."""
    body = json.dumps({"query": "x" * application.MAX_BODY_BYTES}).encode()
    assert http.post("/chat", content=body, headers=JSON).status_code == 413
    chunks = (body[start : start + 2**16] for start in range(0, len(body), 2**16))
    response = http.post("/chat", content=chunks, headers=JSON)
    assert (response.status_code, response.json()["error"]["kind"]) == (413, "too_large")


@pytest.mark.parametrize("wait", ["-1", "31", "nan", "inf", "soon"])
def test_wait_outside_its_range_is_422(http: TestClient, wait: str) -> None:
    """Nobody waits for ever."""
    response = http.get("/result/x", params={"wait": wait})
    assert (response.status_code, response.json()["error"]["kind"]) == (422, "invalid_input")


def test_documentation_knows_one_error_shape(http: TestClient) -> None:
    """Every documented error is ours, below /v1 OpenAI's, and none the framework's."""
    schema = http.get("/openapi.json").json()
    assert "HTTPValidationError" not in schema["components"]["schemas"]
    own = {("/ready", "503"): "Ready"}  # an error, and what else is known
    for path, operations in schema["paths"].items():
        usual = "OpenAIError" if path.startswith("/v1/") else "Error"
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    reference = response["content"]["application/json"]["schema"]["$ref"]
                    name = own.get((path, status), usual)
                    assert reference == f"#/components/schemas/{name}", (path, status)


def test_documentation_publishes_limits_and_kinds_of_errors(http: TestClient) -> None:
    """Each kind with its status, and each limit with what it is as shipped."""
    text = http.get("/openapi.json").json()["info"]["description"]
    for row in ("| 404 | `not_found` |", "| 503 | `broker_full` |", "| 422 | `invalid_batch` |"):
        assert row in text
    assert "`MAX_UPLOAD_MB`: Largest uploaded file, in MB. | 50 |" in text


def test_mounted_documentation_finds_its_schema(http: TestClient) -> None:
    """Below /api, as in the web process, documentation and schema name that prefix."""
    site = FastAPI()
    site.mount("/api", API)
    with TestClient(site) as mounted:
        assert "'/api/openapi.json'" in mounted.get("/api/docs").text
        assert mounted.get("/api/openapi.json").json()["servers"] == [{"url": "/api"}]


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("/chat", b'{"query":"a","documents":[', b"]}"),
        ("/webhooks", b'{"url":"a","events":[', b"]}"),
        ("/batches", b'{"questions":[', b"]}"),
        ("/v1/chat/completions", b'{"model":"askqueue","messages":[', b"]}"),
        (
            "/v1/chat/completions",
            b'{"model":"askqueue","messages":[{"role":"user","content":[',
            b"]}]}",
        ),
    ],
)
@pytest.mark.parametrize("item", [b"1", b"{}", b'{"role":1}'])
def test_list_that_is_wrong_everywhere_is_refused_briefly(
    http: TestClient, path: str, before: bytes, after: bytes, item: bytes
) -> None:
    """Not item by item: the reply to a megabyte had 41, and cost web 500 MB."""
    body = before + b",".join([item] * 20_000) + after
    reply = http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code in (400, 422)
    assert len(reply.content) < 2000


def test_batch_of_more_questions_than_any_may_have_is_not_looked_at(http: TestClient) -> None:
    """Two million questions kept the process busy for seconds before they were refused."""
    body = b'{"questions":[' + b'"a",' * 20_000 + b'"a"]}'
    reply = http.post("/batches", content=body, headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.json()["error"]["kind"]) == (422, "invalid_input")
