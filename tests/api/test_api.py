"""The HTTP API over a real Valkey: shapes, errors, ownership."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest
import redis
from fastapi.testclient import TestClient
from rq.job import Job
from rq.registry import FinishedJobRegistry
from rq.results import Result
from rq.serializers import JSONSerializer

from jobs.documents.repository import DocumentRepository
from jobs.errors import BadApiKeyError
from jobs.models import Answer, Citation, Document, JobView, Timings, WorkerReport
from jobs.questions.client import JobClient
from jobs.questions.repository import JobRepository
from jobs.queue.broker import Broker
from jobs.queue.keys import WORKERS_KEY, durations_key, worker_key
from jobs.settings import Settings
from tests.api.app import SIGNER
from ui.clients import Clients, build_clients


def finish(connection: redis.Redis, job_id: str, answer: Answer) -> None:
    """End a job as RQ does: result, status, registry."""
    job = Job.fetch(job_id, connection=connection, serializer=JSONSerializer)
    Result.create(job, Result.Type.SUCCESSFUL, ttl=60, return_value=answer.to_dict())
    connection.hset(
        job.key,
        mapping={
            "status": "finished",
            "started_at": "2026-01-31T12:00:00.000000Z",
            "ended_at": "2026-01-31T12:00:02.000000Z",
        },
    )
    FinishedJobRegistry(job.origin, connection=connection, serializer=JSONSerializer).add(job, 60)


def submit(http: TestClient, query: str = "What is the limit?") -> str:
    return str(http.post("/chat", params={"query": query}).json()["job_id"])


def assert_error(response: Any, status: int, kind: str) -> None:
    assert response.status_code == status
    assert set(response.json()) == {"error"}
    assert response.json()["error"]["kind"] == kind
    assert response.json()["error"]["message"]


def test_root_says_that_the_api_is_up(http: TestClient) -> None:
    """The root has a fixed shape."""
    assert http.get("/").json() == {
        "status": "Server is up and running",
        "service": "RAG Query API",
    }


@pytest.mark.parametrize("as_json", [True, False])
def test_question_is_accepted_as_parameter_or_body(http: TestClient, as_json: bool) -> None:
    """Both forms give 202 with the id of a queued job."""
    sent = {"json": {"query": "Why?"}} if as_json else {"params": {"query": "Why?"}}
    response = http.post("/chat", **sent)  # type: ignore[arg-type]
    assert response.status_code == 202
    job_id = response.json()["job_id"]
    assert response.json() == {
        "status": "queued",
        "job_id": job_id,
        "message": "Your query has been queued for processing",
    }
    status = http.get(f"/job-status/{job_id}").json()
    assert (status["job_id"], status["status"], status["position"]) == (job_id, "queued", 1)
    assert status["created_at"].endswith("Z")
    assert "ended_at" not in status


def test_finished_job_has_answer_citations_and_timings(
    http: TestClient, connection: redis.Redis
) -> None:
    """status adds the answer, result adds where it is from and what it took."""
    job_id = submit(http)
    citation = Citation(1, "d", "travel.md", "p", "The limit is 160.", page=3)
    finish(
        connection,
        job_id,
        Answer("It is 160 [1].", (citation,), timings=Timings(queue=0.5, total=2)),
    )
    status = http.get(f"/job-status/{job_id}").json()
    assert (status["status"], status["result"]) == ("finished", "It is 160 [1].")
    assert status["ended_at"] == "2026-01-31T12:00:02Z"
    result = http.get(f"/result/{job_id}").json()
    assert (result["status"], result["result"]) == ("completed", "It is 160 [1].")
    assert result["citations"][0]["document_name"] == "travel.md"
    assert result["timings"]["queue"] == 0.5


def test_request_sent_again_with_its_key_is_accepted_once(http: TestClient) -> None:
    """No reply came: the same key gets the same job; with another question it is refused."""
    headers = {"Idempotency-Key": "row 17 of batch 4"}
    first, again = (http.post("/chat", params={"query": "q?"}, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    another = http.post("/chat", params={"query": "another?"}, headers=headers)
    assert_error(another, 422, "invalid_question")
    assert submit(http, "q?") != first.json()["job_id"]


def test_result_of_an_unfinished_job_is_202(http: TestClient) -> None:
    """Who asks early learns the state, and may wait."""
    job_id = submit(http)
    response = http.get(f"/result/{job_id}", params={"wait": 0.3})
    assert (response.status_code, response.json()["status"]) == (202, "queued")


def test_failed_job_says_why(http: TestClient, connection: redis.Redis, settings: Settings) -> None:
    """Both endpoints carry the sentence that says what to do."""
    job_id = submit(http)
    with connection.pipeline() as pipeline:
        records = JobRepository(connection, settings.retention_seconds)
        records.fail(pipeline, job_id, BadApiKeyError().failure, "")
        pipeline.hset(Job.key_for(job_id), "status", "failed")
        pipeline.execute()
    for path in ("job-status", "result"):
        body = http.get(f"/{path}/{job_id}").json()
        assert (body["status"], body["error"]["kind"]) == ("failed", "bad_api_key")


def test_unknown_and_foreign_ids_are_404(http: TestClient) -> None:
    """A job of the api user does not exist for a browser, nor the other way round."""
    mine = submit(http)
    http.cookies.set(SIGNER.cookie_name, SIGNER.new_cookie())
    theirs = submit(http)
    for job_id in (mine, "nonsense"):
        for path in ("job-status", "result"):
            assert_error(http.get(f"/{path}/{job_id}"), 404, "not_found")
    assert http.get(f"/job-status/{theirs}").status_code == 200


@pytest.mark.parametrize("query", ["", "   ", "x" * 4001])
def test_bad_question_is_422(http: TestClient, query: str) -> None:
    """Empty and too long questions are refused with a sentence."""
    assert_error(http.post("/chat", params={"query": query}), 422, "invalid_question")
    assert_error(http.post("/chat", json={"query": query}), 422, "invalid_question")


def test_every_error_has_one_shape(http: TestClient) -> None:
    """The framework's own errors look like ours."""
    assert_error(http.post("/chat", json={"question": "x"}), 422, "invalid_input")
    assert_error(http.get("/result/x", params={"wait": 999}), 422, "invalid_input")
    assert_error(http.get("/no/such/path"), 404, "not_found")
    assert_error(http.delete("/chat"), 405, "method_not_allowed")


def test_page_of_another_site_cannot_ask(http: TestClient) -> None:
    """A cross-site form is refused."""
    response = http.post(
        "/chat", params={"query": "Why?"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert_error(response, 403, "cross_site")


def test_valkey_away_is_503_with_retry_after(
    http: TestClient,
    make_settings: Callable[..., Settings],
    use_clients: Callable[[Clients], None],
) -> None:
    """Programs learn that it is temporary, and when to ask again."""
    use_clients(build_clients(make_settings(redis_url="redis://127.0.0.1:1/0")))
    response = http.post("/chat", params={"query": "Why?"})
    assert_error(response, 503, "broker_unavailable")
    assert int(response.headers["Retry-After"]) > 0


def test_bug_is_500_without_a_trace(
    http: TestClient, broker: Broker, clients: Clients, use_clients: Callable[[Clients], None]
) -> None:
    """What nobody foresaw gives a plain sentence."""

    class Broken(JobClient):
        def get_job(self, _user: str, _job_id: str) -> JobView:
            raise ZeroDivisionError("secret detail")

    use_clients(replace(clients, jobs=Broken(broker)))
    response = http.get("/job-status/x")
    assert_error(response, 500, "error")
    assert "secret" not in response.text


def test_openapi_documents_every_status_in_use(http: TestClient) -> None:
    """Each endpoint of jobs declares its errors, in our shape."""
    docs = http.get("/docs")
    assert docs.status_code == 200
    assert "https://" not in docs.text, "the docs must work without the internet"
    paths = http.get("/openapi.json").json()["paths"]
    assert {"202", "422", "503"} <= set(paths["/chat"]["post"]["responses"])
    assert {"200", "202", "404", "503"} <= set(paths["/result/{job_id}"]["get"]["responses"])


def test_status_of_a_queued_job_says_when_it_is_done(
    http: TestClient, connection: redis.Redis
) -> None:
    """With a worker and recent answers it has a range of seconds; without, no such field."""
    unknown = http.get(f"/job-status/{submit(http)}").json()
    assert "eta" not in unknown
    report = WorkerReport("w", time.time(), threads_by_queue={"questions": 1})
    connection.set(worker_key("w"), json.dumps(asdict(report)), ex=30)
    connection.zadd(WORKERS_KEY, {"w": time.time()})
    connection.rpush(durations_key("questions"), *[2.0, 2.1, 1.9] * 4)
    eta = http.get(f"/job-status/{submit(http)}").json()["eta"]
    assert eta["overdue"] is False
    assert 2.0 <= eta["low_seconds"] <= 4.0 <= eta["high_seconds"] < 8.0


def test_scope_model_and_relations_are_accepted_and_returned(
    http: TestClient,
    connection: redis.Redis,
    make_settings: Callable[..., Settings],
    use_clients: Callable[[Clients], None],
) -> None:
    """What a question is asked of, by whom answered and what it refers to come back with it."""
    use_clients(build_clients(make_settings(chat_models="large")))
    DocumentRepository(connection).add_if_new(Document("d1", "travel.md", 1))
    first = submit(http)
    plain = http.get(f"/job-status/{first}").json()
    asked = {"documents": ["d1"], "model": "large", "follows": first, "version_of": first}
    response = http.post("/chat", json={"query": "And in Oslo?", **asked})
    assert response.status_code == 202
    job_id = response.json()["job_id"]
    status = http.get(f"/job-status/{job_id}").json()
    assert {name: status[name] for name in asked} == asked
    assert not {*asked, "standalone"} & set(plain)
    finish(connection, job_id, Answer("It is 160.", standalone="What is the limit in Oslo?"))
    for path in ("job-status", "result"):
        body = http.get(f"/{path}/{job_id}").json()
        assert body["standalone"] == "What is the limit in Oslo?"


@pytest.mark.parametrize(
    ("asked", "status", "kind"),
    [
        ({"documents": ["nowhere"]}, 422, "unknown_documents"),
        ({"model": "other"}, 422, "model_not_offered"),
        ({"follows": "nowhere"}, 404, "not_found"),
        ({"version_of": "nowhere"}, 404, "not_found"),
        ({"documents": "d1"}, 422, "invalid_input"),
        ({"follows": "\ud800"}, 422, "invalid_input"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(
    http: TestClient, asked: dict[str, object], status: int, kind: str
) -> None:
    """Programs learn which part of their question is wrong."""
    body = json.dumps({"query": "Why?", **asked})
    response = http.post("/chat", content=body, headers={"Content-Type": "application/json"})
    assert_error(response, status, kind)
