"""Following a job and the OpenAI protocol, from a real server, with real workers and real cuts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from types import MappingProxyType
from typing import Any

import httpx
import openai
import pytest
import redis

from jobs.models import JobState
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.settings import Settings
from tests.fakes import FakeModelServer, events, says
from tests.integration.processes import ROOT
from tests.integration.stack import QUESTION, Stack, stack_of
from tests.integration.test_server import Web, running
from tests.waiting import HANG_SECONDS, until
from ui.api.dependencies import API_USER

WORDS = 120
END_EVENTS = {"finished", "failed", "stopped"}
# More than a follower reads in the tests that cut it, however its words are gathered.
MANY_WORDS = 5000


@pytest.fixture(scope="module")
def web(valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("web")
    with running(ROOT / "ui" / "server.py", valkey_url, folder) as server:
        yield server


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        server.tokens = WORDS
        server.token_delay_seconds = 0.02
        yield server


@pytest.fixture
def stack(settings: Settings, connection: redis.Redis, model: FakeModelServer) -> Iterator[Stack]:
    """A worker with one document, answering with the stub model."""
    with stack_of(settings, connection, openai_base_url=model.base_url, chat_model="stub") as stack:
        stack.start_worker()
        stack.add_document()
        yield stack


@pytest.fixture
def jobs(stack: Stack) -> JobClient:
    return stack.jobs


@pytest.fixture
def ai(web: Web) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{web.url}/api/v1", api_key="none", max_retries=0) as client:
        yield client


@dataclass
class Follower:
    """What a caller makes of the events: its text, its last id, and what it was told."""

    url: str
    text: str = ""
    last_id: str = ""
    names: list[str] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    end: dict[str, Any] | None = None

    def connect(self, most_bytes: int = 10**9) -> int:
        """Follow until the end, or cut the connection after so many bytes; the status."""
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        buffer, read = b"", 0
        with httpx.stream("GET", self.url, headers=headers, timeout=HANG_SECONDS) as response:
            for chunk in response.iter_raw():
                for byte in (chunk[index : index + 1] for index in range(len(chunk))):
                    buffer, read = buffer + byte, read + 1
                    if buffer.endswith(b"\n\n"):
                        self.take(buffer.decode())
                        buffer = b""
                    if read >= most_bytes:
                        return response.status_code
        return response.status_code

    def take(self, block: str) -> None:
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line[1:])
        self.last_id = fields.get("id", self.last_id)
        if "event" not in fields:
            return
        name, data = fields["event"], json.loads(fields["data"])
        self.names.append(name)
        if name == "status":
            self.statuses.append(data)
        elif name == "text":
            self.text += data["text"]
        elif name == "restarted":
            self.text = ""
        elif name in END_EVENTS:
            self.end = data


def submit(web: Web) -> str:
    response = httpx.post(f"{web.url}/api/chat", params={"query": QUESTION}, timeout=HANG_SECONDS)
    return str(response.json()["job_id"])


@contextmanager
def begun(
    web: Web, body: dict[str, Any], headers: Mapping[str, str] = MappingProxyType({})
) -> Iterator[None]:
    """A request for a chat, whose caller goes away at the end of the block."""
    caller = HTTPConnection(web.host, timeout=HANG_SECONDS)
    sent = {"Content-Type": "application/json", **headers}
    caller.request("POST", "/api/v1/chat/completions", json.dumps(body), sent)
    yield
    caller.close()


def follower_of(web: Web, job_id: str) -> Follower:
    return Follower(f"{web.url}/api/jobs/{job_id}/events")


@pytest.mark.usefixtures("stack")
def test_follower_that_is_cut_five_times_gets_each_word_once(
    web: Web, model: FakeModelServer
) -> None:
    """Wherever the connection is cut, going on from the last id gives the whole text, once."""
    model.tokens = MANY_WORDS
    follower = follower_of(web, submit(web))
    for most_bytes in (350, 900, 701, 1, 1200):
        follower.connect(most_bytes)
        assert follower.end is None
    model.token_delay_seconds = 0.0
    follower.connect()
    assert follower.end is not None
    assert follower.text == "word " * (MANY_WORDS - 1) + "[1]."
    assert follower.end["status"] == "completed"
    assert follower.text == follower.end["result"]
    assert len([name for name in follower.names if name in END_EVENTS]) == 1
    assert "restarted" not in follower.names
    assert follower.connect() == 204


def test_late_follower_gets_the_text_and_the_end(
    web: Web, stack: Stack, connection: redis.Redis
) -> None:
    """While the stream is there from it, and after that from the answer; in one piece, once."""
    job_id = submit(web)
    until(lambda: stack.jobs.get_job(API_USER, job_id).state is JobState.FINISHED)
    late = follower_of(web, job_id)
    late.connect()
    assert late.end is not None
    assert late.text == late.end["result"]
    cut = follower_of(web, job_id)
    cut.connect(1500)
    assert cut.text
    assert cut.end is None
    assert connection.delete(f"askqueue:events:{job_id}")
    for follower in (cut, follower_of(web, job_id)):
        follower.connect()
        assert follower.end == late.end
        assert follower.text == late.text


def test_follower_of_a_killed_worker_drops_the_text_and_reads_on(
    web: Web, stack: Stack, model: FakeModelServer
) -> None:
    """The newer attempt says `restarted`, and its text is the answer."""
    model.tokens = MANY_WORDS
    follower = follower_of(web, submit(web))
    follower.connect(1500)
    assert follower.text
    stack.worker.kill()
    model.tokens, model.token_delay_seconds = WORDS, 0.0
    stack.start_worker()
    follower.connect()
    assert follower.end is not None
    assert "restarted" in follower.names
    assert follower.text == follower.end["result"] == "word " * (WORDS - 1) + "[1]."


@pytest.mark.usefixtures("stack")
def test_follower_drops_what_turns_out_to_be_thoughts(web: Web, model: FakeModelServer) -> None:
    """The attempt is the same; `restarted` takes back the text, and the answer follows."""
    stop = {"delta": {}, "finish_reason": "stop"}
    model.raw_reply = events(says("Passage [2]?"), says("</think>"), says("EUR 160 [1]."), stop)
    follower = follower_of(web, submit(web))
    follower.connect()
    assert follower.end is not None
    assert follower.names.count("restarted") == 1
    assert follower.text == follower.end["result"] == "EUR 160 [1]."


def test_follower_of_a_waiting_question_is_told_what_it_waits_for(
    web: Web, connection: redis.Redis, settings: Settings
) -> None:
    """Its place, and the reason in the words of the page."""
    job_id = submit(web)
    follower = follower_of(web, job_id)
    with ThreadPoolExecutor() as pool:
        following = pool.submit(follower.connect)
        until(lambda: follower.statuses)
        JobClient(Broker(connection, settings)).stop(API_USER, job_id)
        following.result(timeout=HANG_SECONDS)
    (status,) = follower.statuses
    assert (status["status"], status["position"]) == ("queued", 1)
    assert status["waiting"]["message"] == "Next in the queue · no worker runs"
    assert follower.names == ["status", "stopped"]


def test_follower_of_a_stopped_job_hears_it(
    web: Web, jobs: JobClient, model: FakeModelServer
) -> None:
    """Stopping wakes no reader, yet the follower is told, with the text so far."""
    model.tokens, model.token_delay_seconds = 100_000, 0.2
    job_id = submit(web)
    follower = follower_of(web, job_id)
    with ThreadPoolExecutor() as pool:
        following = pool.submit(follower.connect)
        until(lambda: follower.text)
        jobs.stop(API_USER, job_id)
        following.result(timeout=HANG_SECONDS)
    assert follower.names[-1] == "stopped"
    assert follower.text


@pytest.mark.usefixtures("stack")
def test_followers_hold_no_thread_and_leave_when_they_go(
    web: Web, connection: redis.Redis, model: FakeModelServer
) -> None:
    """With 120 callers following, others are answered; when they go, so do their connections."""
    model.token_delay_seconds = 60.0
    job_id = submit(web)
    url = f"{web.url}/api/jobs/{job_id}/events"
    before = len(connection.client_list())
    limits = httpx.Limits(max_connections=200)
    with httpx.Client(limits=limits, timeout=HANG_SECONDS) as client:
        streams = [client.send(client.build_request("GET", url), stream=True) for _ in range(120)]
        assert {stream.status_code for stream in streams} == {200}
        until(lambda: len(connection.client_list()) >= before + 120)
        status = httpx.get(f"{web.url}/api/job-status/{job_id}", timeout=HANG_SECONDS)
        assert status.status_code == 200
        for stream in streams:
            stream.close()
    until(lambda: len(connection.client_list()) <= before + 20)


def test_openai_client_gets_an_answer_with_sources(ai: openai.OpenAI, jobs: JobClient) -> None:
    """The package itself, without a stream: text, sources, citations, usage; a job as any other."""
    assert [model.id for model in ai.models.list()] == ["askqueue"]
    messages: Any = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
    ]
    reply = ai.chat.completions.create(model="askqueue", messages=messages, temperature=0)
    text = "word " * (WORDS - 1) + "[1]."
    assert reply.choices[0].message.content == f"{text}\n\nSources:\n[1] travel.md"
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage is not None
    assert reply.usage.completion_tokens == WORDS
    assert (reply.model_extra or {})["citations"][0]["document_name"] == "travel.md"
    (job,) = jobs.list_jobs(API_USER).jobs
    assert (job.asked.text, job.state) == (QUESTION, JobState.FINISHED)
    assert reply.id == f"chatcmpl-{job.id}"


@pytest.mark.usefixtures("stack")
def test_openai_client_streams_an_answer(ai: openai.OpenAI, model: FakeModelServer) -> None:
    """The package itself, with a stream: deltas as they come, the end, citations, usage."""
    model.token_delay_seconds = 60.0  # the first deltas come long before the last
    parts, finish, citations, usage = [], None, None, None
    messages: Any = [{"role": "user", "content": QUESTION}]
    with ai.chat.completions.create(
        model="askqueue", messages=messages, stream=True, stream_options={"include_usage": True}
    ) as stream:
        for chunk in stream:
            for choice in chunk.choices:
                if choice.delta.content:
                    model.token_delay_seconds = 0.0
                    parts.append(choice.delta.content)
                finish = choice.finish_reason or finish
            citations = (chunk.model_extra or {}).get("citations", citations)
            usage = chunk.usage or usage
    text = "word " * (WORDS - 1) + "[1]."
    assert "".join(parts) == f"{text}\n\nSources:\n[1] travel.md"
    assert finish == "stop"
    assert citations
    assert citations[0]["document_name"] == "travel.md"
    assert usage is not None
    assert usage.completion_tokens == WORDS


@pytest.mark.parametrize("streamed", [True, False])
def test_openai_client_that_goes_away_stops_the_job(
    web: Web, jobs: JobClient, model: FakeModelServer, streamed: bool
) -> None:
    """Generation ends with the connection, as it does at OpenAI."""
    model.token_delay_seconds = 60.0
    body = {
        "model": "askqueue",
        "messages": [{"role": "user", "content": QUESTION}],
        "stream": streamed,
    }

    def asked() -> JobState | None:
        found = jobs.list_jobs(API_USER).jobs
        return found[0].state if found else None

    with begun(web, body):
        until(lambda: asked() is JobState.STARTED)
    until(lambda: asked() is JobState.STOPPED)


def test_question_with_a_key_outlives_its_caller_and_is_asked_once(
    web: Web, jobs: JobClient, model: FakeModelServer
) -> None:
    """Whoever comes back with the same Idempotency-Key gets the answer of the same job."""
    model.token_delay_seconds = 0.01
    body = {"model": "askqueue", "messages": [{"role": "user", "content": QUESTION}]}
    url, headers = f"{web.url}/api/v1/chat/completions", {"Idempotency-Key": "once"}
    with model.holding(), begun(web, body, headers):
        until(lambda: jobs.list_jobs(API_USER).jobs)
    reply = httpx.post(url, json=body, headers=headers, timeout=HANG_SECONDS)
    assert reply.status_code == 200, reply.text
    (job,) = jobs.list_jobs(API_USER).jobs
    assert (job.state, reply.json()["id"]) == (JobState.FINISHED, f"chatcmpl-{job.id}")


def test_failed_question_is_an_error_that_is_not_asked_again(
    web: Web, jobs: JobClient, model: FakeModelServer
) -> None:
    """The package with its retries raises, with our sentence, and has asked once."""
    model.behave("bad_key")
    messages: Any = [{"role": "user", "content": QUESTION}]
    with openai.OpenAI(base_url=f"{web.url}/api/v1", api_key="none", max_retries=2) as client:
        with pytest.raises(openai.InternalServerError, match="refused the API key") as caught:
            client.chat.completions.create(model="askqueue", messages=messages)
        assert (caught.value.status_code, caught.value.code) == (502, "bad_api_key")
        assert jobs.list_jobs(API_USER).total == 1
        stream = client.chat.completions.create(model="askqueue", messages=messages, stream=True)
        with pytest.raises(openai.APIError, match="refused the API key"):
            list(stream)


@pytest.mark.usefixtures("connection")
@pytest.mark.parametrize(
    ("extra", "words", "error"),
    [
        ({"n": 2}, "one answer", openai.BadRequestError),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "Tools", None),
        ({"response_format": {"type": "json_object"}}, "response_format", None),
        ({"model": "gpt-4"}, "Use “askqueue”", openai.NotFoundError),
        ({"messages": [{"role": "system", "content": "x"}]}, "role user", None),
        ({"messages": [{"role": "user", "content": " "}]}, "Type a question", None),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            "images",
            None,
        ),
    ],
)
def test_what_is_not_supported_is_refused_by_a_sentence(
    ai: openai.OpenAI, extra: dict[str, Any], words: str, error: type[openai.APIError] | None
) -> None:
    """The package raises what it raises at OpenAI, and the message is the sentence."""
    arguments: Any = {
        "model": "askqueue",
        "messages": [{"role": "user", "content": QUESTION}],
        **extra,
    }
    create: Callable[..., Any] = ai.chat.completions.create
    with pytest.raises(error or openai.BadRequestError, match=words):
        create(**arguments)
