"""A question survives a crash, or a lost connection, at each single request to Valkey.

One worker, by hand instead of on threads, whose nth request goes wrong; then whatever n was, the
maintenance and another worker bring the question to its one end.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
import redis
from rq.job import Job
from rq.rate_limit import RateLimitRegistry
from rq.registry import ScheduledJobRegistry, StartedJobRegistry
from rq.results import Result
from rq.serializers import JSONSerializer

from jobs.errors import AskqueueError, BadApiKeyError, ModelTimeoutError
from jobs.llm.reply import Chunk
from jobs.models import JobState, LiveText, Passage, Question
from jobs.questions.client import JobClient
from jobs.questions.soft_delete import UNDO_KEPT_SECONDS, SoftDeletion
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.queue.retry_policy import History
from jobs.search.index import KEYWORD_COLLECTION
from jobs.settings import Settings
from jobs.worker import maintenance as maintenance_module
from jobs.worker import recovery as recovery_module
from jobs.worker import threads as threads_module
from jobs.worker.attempts import Attempts
from jobs.worker.maintenance import Maintenance
from jobs.worker.recovery import Recovery
from jobs.worker.runtime import Runtime, use_runtime
from jobs.worker.threads import ThreadWorker
from tests.integration.faulty_valkey import Crash, Fault, Kind, make_faulty
from tests.waiting import HANG_SECONDS

USER = "ann"
# More requests than any of these takes; a run that never ends would otherwise never fail.
MOST_REQUESTS = 200


class FakeIndex:
    embeddings_unsupported = None

    def question_vector(self, question: str, collection: str) -> None:
        return None

    def by_words(
        self, terms: Mapping[str, float], limit: int, collection: str, **scope: object
    ) -> list[Passage]:
        return [Passage("p1", "d1", "travel.md", "The hotel limit is EUR 160.", score=1.0)]

    def passages(self, ids: Sequence[str], collection: str) -> list[Passage]:
        return []

    def texts(self, ids: Sequence[str], collection: str) -> dict[str, str]:
        return {}


@dataclass
class ScriptedGenerator:
    """In each call, by its number, the script happens; an answer names the call it is from."""

    script: Callable[[int], None]
    calls: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    model = "fake"
    extractive = False

    def stream(self, question: str, passages: Sequence[Passage]) -> Iterator[Chunk]:
        number = next(self.calls)
        yield Chunk(text=f"call {number} ")
        self.script(number)
        yield Chunk(text=f"call {number} [1]")


class Bench:
    """An empty Valkey, a question to ask, a worker that meets a fault, and one that does not."""

    def __init__(self, connection: redis.Redis, settings: Settings, scenario: str) -> None:
        connection.flushall()
        self.connection = connection
        self.settings = settings
        self.broker = Broker(connection, settings)
        self.client = JobClient(self.broker)
        self.queue = self.broker.queues["questions"]
        self.recovery = Recovery(self.broker)
        self.generator = ScriptedGenerator(getattr(self, f"_{scenario}"))
        self.healthy = self._runtime()
        self.healthy.register.set_index(active=KEYWORD_COLLECTION, target=KEYWORD_COLLECTION)
        self.worker: ThreadWorker
        self.runtime: Runtime

    def work_once(self, fault: Fault | None = None) -> None:
        """Let a new worker take one question, and end with it, or with the fault."""
        if fault is None:
            self.runtime, connection = self.healthy, self.connection
        else:
            self.runtime = self._runtime()
            make_faulty(self.runtime.connection, fault)
            connection = make_faulty(connect(self.settings.redis_url), fault)
        use_runtime(self.runtime)
        attempts = Attempts(self.runtime.broker)
        try:
            self.worker = ThreadWorker("questions", "w", connection, attempts, lambda *_: None)
            popped = self.worker.pop(threads_module.IDLE_SECONDS)
            if popped is not None:
                self.worker.execute_job(*popped)
        except (Crash, redis.exceptions.RedisError, OSError):
            if fault is not None:  # the process is gone, or its thread begins anew
                fault.is_cleared = True
        finally:
            use_runtime(None)
            if fault is not None:
                self.runtime.connection.close()
                connection.close()

    def purge(self) -> None:
        """What maintenance does when no deletion can be undone any more."""
        SoftDeletion(self.broker).purge(time.time() + 2 * UNDO_KEPT_SECONDS)

    def recover_lost(self) -> None:
        """What maintenance does when no heartbeat has come for long."""
        self.lapse(StartedJobRegistry)
        self.recovery.recover_lost()

    def clean_up_limits(self) -> None:
        for limit in RateLimitRegistry.all(self.connection):
            limit.cleanup()

    def work_on(self, job_id: str) -> None:
        """What maintenance and other workers do in time, until the question is over and cleared."""
        for _ in range(10):
            self.recover_lost()
            self.recovery.put_back_popped()
            self.lapse(ScheduledJobRegistry)
            self.recovery.enqueue_due()
            self.clean_up_limits()
            if self.connection.llen(self.queue.key):
                self.work_once()
            elif self.client.get_job(USER, job_id).state.is_over:
                return
        raise AssertionError(f"not over: {self.client.get_job(USER, job_id)}")

    def results(self, job_id: str) -> list[str]:
        job = Job(job_id, connection=self.connection, serializer=JSONSerializer)
        return [result.type.name for result in Result.all(job, serializer=JSONSerializer)]

    def places(self) -> dict[str, list[bytes]]:
        """The lists and sets that hold questions on their way."""
        started = StartedJobRegistry(queue=self.queue, serializer=JSONSerializer)
        scheduled = ScheduledJobRegistry(queue=self.queue, serializer=JSONSerializer)
        places = {
            "queue": self.connection.lrange(self.queue.key, 0, -1),
            "popped": self.connection.lrange(self.queue.intermediate_queue_key, 0, -1),
            "started": self.connection.zrange(started.key, 0, -1),
            "scheduled": self.connection.zrange(scheduled.key, 0, -1),
            "limits": list(self.connection.smembers(RateLimitRegistry.rl_keys_key)),
        }
        return {name: members for name, members in places.items() if members}

    def _runtime(self) -> Runtime:
        runtime = Runtime(self.settings)
        runtime.open_index, runtime.generator = FakeIndex(), self.generator
        return runtime

    def lapse(self, registry: type[StartedJobRegistry] | type[ScheduledJobRegistry]) -> None:
        """Let the time of everything in a registry be over."""
        key = registry(queue=self.queue, serializer=JSONSerializer).key
        for entry in self.connection.zrange(key, 0, -1):
            self.connection.zadd(key, {entry: 1})

    # What happens while an answer is written

    def _finish(self, _number: int) -> None:
        """Nothing."""

    def _crash(self, _number: int) -> None:
        raise Crash

    def _retry(self, number: int) -> None:
        if number == 1:
            raise ModelTimeoutError()

    def _fail(self, _number: int) -> None:
        raise BadApiKeyError()

    def _hand_back(self, number: int) -> None:
        if number == 1:
            self.runtime.cancellations.hand_back_all()

    def _stop(self, _number: int) -> None:
        [job_id] = [job.id for job in self.client.list_jobs(USER).jobs]
        self.client.stop(USER, job_id)
        for execution_id in self.worker.executions:
            self.runtime.cancellations.supersede(execution_id)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads_module, "IDLE_SECONDS", 1)
    monkeypatch.setattr(threads_module, "COMMIT_WAIT_SECONDS", 0.0)
    monkeypatch.setattr(recovery_module, "POPPED_SECONDS", 0.0)


@pytest.fixture
def one_at_a_time(make_settings: Callable[..., Settings]) -> Settings:
    """Of each user: a place that is not given back would hold up the next question for good."""
    return make_settings(user_concurrency=1)


ENDS = {
    "finish": JobState.FINISHED,
    "retry": JobState.FINISHED,
    "hand_back": JobState.FINISHED,
    "fail": JobState.FAILED,
    "stop": JobState.STOPPED,
}


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("scenario", list(ENDS))
def test_question_comes_to_its_one_end_whichever_request_of_a_worker_goes_wrong(
    connection: redis.Redis, one_at_a_time: Settings, scenario: str, kind: Kind
) -> None:
    """Begun, run, retried, handed back, failed or stopped: once, and nothing is left behind."""
    for at in range(1, MOST_REQUESTS):
        bench, fault = Bench(connection, one_at_a_time, scenario), Fault(kind, at)
        job_id = bench.client.submit(USER, Question("What is the limit?")).id
        bench.work_once(fault)
        bench.work_on(job_id)
        _check_end(bench, job_id, ENDS[scenario], f"{kind} at request {at}")
        if not fault.happened:
            assert at > 8  # or it met nothing
            return
    raise AssertionError("it never ran without the fault")


ACTIONS: dict[str, tuple[JobState | None, JobState | None]] = {
    "submit": (None, JobState.QUEUED),
    "submit_urgent": (None, JobState.QUEUED),
    "make_urgent": (JobState.QUEUED, JobState.QUEUED),
    "stop": (JobState.QUEUED, JobState.STOPPED),
    "retry": (JobState.STOPPED, JobState.QUEUED),
    "delete": (JobState.STOPPED, None),
}


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("action", list(ACTIONS))
def test_what_a_person_does_is_done_whole_or_not_at_all_whichever_request_goes_wrong(
    connection: redis.Redis, one_at_a_time: Settings, action: str, kind: Kind
) -> None:
    """What was accepted is done; a question that was not touched, or only just, still finishes."""
    before, after = ACTIONS[action]
    for at in range(1, MOST_REQUESTS):
        bench, fault = Bench(connection, one_at_a_time, "finish"), Fault(kind, at)
        job_ids = [bench.client.submit(USER, Question("q?")).id] if before else []
        if before is JobState.STOPPED:
            bench.client.stop(USER, job_ids[0])
        accepted = _act(bench, fault, action, job_ids)
        states = [job.state for job in bench.client.list_jobs(USER).jobs]
        allowed = [after] if accepted else [before, after]
        assert states in [[state] if state else [] for state in allowed], (at, states)
        for job in bench.client.list_jobs(USER).jobs:
            bench.work_on(job.id)
            end = JobState.STOPPED if job.state is JobState.STOPPED else JobState.FINISHED
            _check_end(bench, job.id, end, f"{kind} at request {at}")
        bench.clean_up_limits()
        assert bench.places() == {}
        bench.purge()
        if not states:
            assert connection.keys("rq:job:*") + connection.keys("askqueue:job:*") == []
        if not fault.happened:
            assert accepted
            assert at > 3  # or it met nothing
            return
    raise AssertionError("it never ran without the fault")


def _act(bench: Bench, fault: Fault, action: str, job_ids: list[str]) -> bool:
    """Do it through connections that meet the fault; False if the person does not learn of it."""
    connection = make_faulty(connect(bench.settings.redis_url), fault)
    client = JobClient(Broker(connection, bench.settings))
    try:
        if action.startswith("submit"):
            client.submit(USER, Question("q?"), urgent=action == "submit_urgent")
        else:
            getattr(client, action)(USER, *job_ids)
    except (Crash, AskqueueError):
        fault.is_cleared = True
        return False
    finally:
        connection.close()
    return True


def _check_end(bench: Bench, job_id: str, end: JobState, when: str) -> None:
    view, live = bench.client.read_live(USER, LiveText(job_id))
    answer = bench.client.get_answer(USER, job_id)
    assert view.state is end, (when, view)
    results = {JobState.FINISHED: ["SUCCESSFUL"], JobState.FAILED: ["FAILED"]}
    assert bench.results(job_id) == results.get(end, []), when
    assert (answer is not None) == (view.state is JobState.FINISHED), when
    if answer is not None:
        number = answer.text.split()[1]
        assert answer.text == f"call {number} call {number} [1]", when
        assert (live.text, live.attempt) == (answer.text, answer.attempts), when
        assert view.attempt == answer.attempts, when
    history = History.from_dict(bench.broker.fetch(job_id).meta.get("history", {}))
    assert history.attempts <= 2, when
    assert bench.places() == {}, when


def test_questions_that_may_be_what_kills_workers_run_one_at_a_time(
    connection: redis.Redis, settings: Settings
) -> None:
    """After two lost workers each runs alone; the next one's turn comes when it is over."""
    bench = Bench(connection, settings, "crash")
    job_ids = [bench.client.submit(USER, Question("q?")).id for _ in range(3)]
    for _ in range(2):
        for _ in job_ids:
            bench.work_once()
        bench.recover_lost()
    for left in (2, 1, 0):
        states = [bench.client.get_job(USER, job_id).state for job_id in job_ids]
        assert states.count(JobState.QUEUED) == 1
        assert states.count(JobState.WAITING) == left
        bench.work_once()
        bench.recover_lost()
    assert [bench.client.get_job(USER, job_id).state for job_id in job_ids] == [JobState.FAILED] * 3


def test_silence_counts_only_after_valkey_was_there_for_a_while(
    connection: redis.Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an outage, or a pause of its own, maintenance lets heartbeats be renewed first."""
    settle_seconds = 0.5
    monkeypatch.setattr(maintenance_module, "SETTLE_SECONDS", settle_seconds)
    bench = Bench(connection, settings, "crash")
    job_ids = [bench.client.submit(USER, Question("q?")).id for _ in range(2)]
    maintenance = Maintenance(bench.broker, lambda _lost: None)
    for job_id in job_ids:
        bench.work_once()
        bench.lapse(StartedJobRegistry)
        began = time.monotonic()
        maintenance.run_once()
        assert bench.client.get_job(USER, job_id).state is JobState.STARTED
        while bench.client.get_job(USER, job_id).state is JobState.STARTED:
            assert time.monotonic() < began + HANG_SECONDS
            maintenance.run_once()
        assert time.monotonic() >= began + settle_seconds
        bench.client.stop(USER, job_id)
        time.sleep(settle_seconds * 1.2)  # the pause
