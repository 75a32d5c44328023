"""No word of a user in RQ's keys, nor in anything that rq-dashboard answers, with or without it."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis
from rq.job import Job, JobStatus
from rq.results import Result
from rq.serializers import JSONSerializer

from jobs.access.api_keys import ApiKeys, Scope
from jobs.batches.client import BatchClient
from jobs.batches.spreadsheet import lines_of, pasted_sheet
from jobs.models import Answer, Feedback, JobState, Question, Visibility
from jobs.queue.broker import Broker
from jobs.queue.keys import answer_key
from jobs.settings import QUESTIONS_QUEUE, Settings
from jobs.webhooks.client import Event, Webhooks
from tests.fakes import FakeModelServer
from tests.integration.processes import environment, free_port, module, running
from tests.integration.stack import USER, Stack, stack_of
from tests.waiting import HANG_SECONDS, until

# Each in one place that a user, a document or a model writes.
QUESTION, FOLLOW_UP, PASSAGE, ANSWER, REWRITTEN = "zqask", "zqfollow", "zqpassage", "zqsay", "zqre"
FILE, BROKEN_FILE, NOTE, HOOK, KEY, ROW = "zqfile", "zqbroken", "zqnote", "zqhook", "zqkey", "zqrow"
QUOTED, OLD_ANSWER, OLD_ERROR = "zqquoted", "zqold", "zqtrace"
WORD = re.compile(r"zq[a-z]+")
REGISTRIES = ("queued", "failed", "started", "deferred", "finished", "scheduled", "canceled")


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


@pytest.fixture
def stack(settings: Settings, connection: redis.Redis, model: FakeModelServer) -> Iterator[Stack]:
    values = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "sk-test", "EMBEDDING_MODEL": ""}
    with stack_of(settings, connection, **values) as stack:
        yield stack


def use_everything(stack: Stack, model: FakeModelServer, settings: Settings) -> list[str]:
    """Have a unique word written wherever somebody may write one; return the questions' ids."""
    broker = stack.broker
    stack.start_worker(WORKER_THREADS="questions:2,batch:1,indexing:1")
    model.answer = f"The {ANSWER} limit is EUR 160 [1]."
    model.rewritten = f"What is the {REWRITTEN} hotel limit?"
    text = f"# Policy\n\nThe hotel limit is EUR 160 per {PASSAGE} night.\n".encode()
    document, _ = stack.documents.add(USER, f"{FILE}.md", text, Visibility.PRIVATE)
    until(lambda: stack.documents.get(document.id, USER).status.value == "indexed", "indexing")
    bad, _ = stack.documents.add(USER, f"{BROKEN_FILE}.pdf", b"%PDF-1.4\n" + PASSAGE.encode())
    until(lambda: stack.documents.get(bad.id, USER).status.value == "failed", "a failure")
    hooks = Webhooks(broker, lambda _host, _port: ["93.184.216.34"])
    hooks.create(USER, f"https://hooks.example.com/{HOOK}", list(Event), include_answer=True)
    ApiKeys(broker.connection).create(USER, KEY, [Scope.ASK])
    asked = stack.ask(f"What is the {QUESTION} hotel limit?")
    assert stack.over(asked.id).state is JobState.FINISHED
    stack.jobs.give_feedback(USER, asked.id, Feedback(useful=False, reason=NOTE))
    follow = stack.jobs.submit(USER, Question(f"And the {FOLLOW_UP}?", follows=asked.id))
    assert stack.over(follow.id).state is JobState.FINISHED
    batches = BatchClient(broker)
    sheet = pasted_sheet(f"What of {ROW}?")
    batch = batches.submit(USER, lines_of(f"{FILE}.csv", sheet, 0, header_row=None))
    until(lambda: batches.get(USER, batch.id).is_over, "an end of the batch")
    body = b'{"error": {"message": "I cannot read: ' + QUOTED.encode() + b'"}}'
    model.raw_reply = (400, "application/json", body)
    rejected = stack.ask(f"Why is the hotel limit {QUESTION}?")
    failed = stack.over(rejected.id)
    assert failed.failure is not None
    assert QUOTED in failed.failure.message  # its owner reads it
    answer = stack.jobs.get_answer(USER, follow.id)
    assert answer is not None
    assert ANSWER in answer.text
    assert REWRITTEN in answer.standalone
    return [asked.id, follow.id, rejected.id]


@pytest.fixture
def dashboard(settings: Settings, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a dashboard without a password, as any program on this machine has it."""
    port = free_port()
    env = environment(redis_url=settings.redis_url, data_dir=settings.data_dir, dashboard_port=port)
    with (
        running(module("jobs.operations.dashboard"), tmp_path / "dashboard.log", env),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=HANG_SECONDS) as client,
    ):
        until(lambda: responds(client), "an answer of the dashboard")
        yield client


def responds(client: httpx.Client) -> bool:
    try:
        return client.get("/").status_code == 200
    except httpx.TransportError:
        return False


def test_rq_keys_and_dashboard_hold_no_word_of_a_user(
    stack: Stack,
    model: FakeModelServer,
    settings: Settings,
    connection: redis.Redis,
    dashboard: httpx.Client,
) -> None:
    """Neither RQ's keys, unpacked, nor any page or JSON of the dashboard has a word of theirs."""
    ids = use_everything(stack, model, settings)
    kept = {key: WORD.findall(text) for key, text in contents(connection, "askqueue:*")}
    found = {word for words in kept.values() for word in words}
    assert found >= {QUESTION, FOLLOW_UP, ANSWER, REWRITTEN, FILE, NOTE, HOOK, KEY, ROW, QUOTED}
    in_rq = {key: WORD.findall(text) for key, text in contents(connection, "rq:*")}
    assert len(in_rq) > 10
    assert {key: words for key, words in in_rq.items() if words} == {}
    job_ids = ids + [key.decode()[7:] for key in connection.keys("rq:job:*")]
    shown = {path: WORD.findall(dashboard.get(path).text) for path in paths(job_ids)}
    assert {path: words for path, words in shown.items() if words} == {}


def test_what_former_versions_kept_is_read_by_its_owner_and_not_shown(
    settings: Settings, connection: redis.Redis, dashboard: httpx.Client
) -> None:
    """An answer, a stack trace and metadata in RQ's keys from before an upgrade stay private."""
    broker = Broker(connection, settings)
    with stack_of(settings, connection) as stack:
        asked, failed = stack.ask(), stack.ask("Why?")
        for view, status in ((asked, JobStatus.FINISHED), (failed, JobStatus.FAILED)):
            job = broker.fetch(view.id)
            broker.queues[QUESTIONS_QUEUE].remove(job)
            job.description = f"Answer {OLD_ERROR}"
            job.meta["failure"] = {"kind": "bad_model_request", "message": OLD_ERROR, "command": ""}
            job.save()
            job.set_status(status)
        answer = Answer(f"It is {OLD_ANSWER}.", standalone=OLD_ANSWER)
        Result.create(
            broker.fetch(asked.id), Result.Type.SUCCESSFUL, ttl=60, return_value=answer.to_dict()
        )
        trace = (
            f'Traceback (most recent call last):\n  File "{OLD_ERROR}.py", line 1, in f\n'
            f"jobs.errors.model_server.BadApiKeyError: {OLD_ERROR}\n{OLD_ERROR}: {OLD_ERROR}"
        )
        broker.queues[QUESTIONS_QUEUE].failed_job_registry.add(broker.fetch(failed.id), ttl=60)
        broker.queues[QUESTIONS_QUEUE].finished_job_registry.add(broker.fetch(asked.id), ttl=60)
        Result.create_failure(broker.fetch(failed.id), 60, trace)
        assert stack.jobs.get_answer(USER, asked.id) == answer
    for path in paths([asked.id, failed.id]):
        assert WORD.findall(dashboard.get(path).text) == [], path
    shown = dashboard.get(f"/0/data/job/{failed.id}.json").json()
    assert shown["exc_info"].startswith("BadApiKeyError: The model server")
    assert shown["description"] == "Another job"
    assert set(shown) == {
        "id", "created_at", "enqueued_at", "started_at", "ended_at", "origin", "status",
        "description", "exc_info",
    }  # fmt: skip


def test_answer_goes_with_its_question(
    stack: Stack, connection: redis.Redis, model: FakeModelServer
) -> None:
    """It expires with the question's record, follows its deletion and the undo; RQ keeps none."""
    stack.start_worker()
    stack.add_document()
    asked = stack.ask()
    assert stack.over(asked.id).state is JobState.FINISHED
    key = answer_key(asked.id)
    kept = connection.ttl(key)
    assert abs(kept - connection.ttl(Job.key_for(asked.id))) <= 2
    stack.jobs.delete(USER, asked.id)
    assert 0 < connection.ttl(key) < kept
    stack.jobs.undo_deletion(USER, asked.id)
    assert abs(kept - connection.ttl(key)) <= HANG_SECONDS
    assert stack.jobs.get_answer(USER, asked.id) is not None
    job = Job(asked.id, connection=connection, serializer=JSONSerializer)
    [result] = Result.all(job, serializer=JSONSerializer)
    assert (result.type, result.return_value) == (Result.Type.SUCCESSFUL, None)


def paths(job_ids: list[str]) -> list[str]:
    """Everything of the dashboard that can be asked for by GET, with all queues and jobs."""
    queues = ("questions", "batch", "indexing")
    return [
        "/",
        "/0/",
        "/0/view",
        "/0/view/queues",
        "/0/view/workers",
        "/0/view/jobs",
        "/0/data/queues.json",
        "/0/data/workers.json",
        *(f"/0/view/job/{job_id}" for job_id in job_ids),
        *(f"/0/data/job/{job_id}.json" for job_id in job_ids),
        *(f"/0/view/jobs/{queue}/{kind}/50/asc/1" for queue in queues for kind in REGISTRIES),
        *(f"/0/data/jobs/{queue}/{kind}/50/asc/1.json" for queue in queues for kind in REGISTRIES),
        *(f"/0/data/jobs/{queue}/{kind}/50/dsc/1.json" for queue in queues for kind in REGISTRIES),
    ]


def contents(connection: redis.Redis, pattern: str) -> Iterator[tuple[str, str]]:
    """Each key with all that is in it, unpacked as far as it goes."""
    for key in connection.scan_iter(pattern):
        kind = connection.type(key)
        if kind == b"hash":
            values = [part for pair in connection.hgetall(key).items() for part in pair]
        elif kind == b"list":
            values = connection.lrange(key, 0, -1)
        elif kind == b"set":
            values = list(connection.smembers(key))
        elif kind == b"zset":
            values = connection.zrange(key, 0, -1)
        elif kind == b"stream":
            entries = connection.xrange(key)
            values = [part for _, fields in entries for pair in fields.items() for part in pair]
        else:
            values = [connection.get(key)]
        yield key.decode(), " ".join([key.decode(), *map(unpacked, values)])


def unpacked(value: bytes) -> str:
    """Return bytes as text, and what they hold as zlib, or as Base64 of text or of zlib."""
    layers = [value]
    for layer in layers:
        for unpack in (zlib.decompress, lambda data: base64.b64decode(data, validate=True)):
            try:
                inner = unpack(layer)
            except (zlib.error, binascii.Error):
                continue
            if inner and len(layers) < 10:
                layers.append(inner)
    return " ".join(layer.decode(errors="replace") for layer in layers)
