"""Any sequence of what people, workers and faults do to questions keeps the promises.

Two workers, by hand instead of on threads, over a real Valkey. Each rule is one thing that can
happen; hypothesis looks for a sequence that breaks an invariant, and shrinks it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from rq.job import Job
from rq.rate_limit import RateLimitRegistry
from rq.registry import ScheduledJobRegistry, StartedJobRegistry
from rq.results import Result
from rq.serializers import JSONSerializer

from jobs.errors import (
    BadApiKeyError,
    HandedBackError,
    InvalidStateError,
    ModelTimeoutError,
    ModelUnavailableError,
    NotFoundError,
)
from jobs.models import Answer, JobState, JobView, LiveText, Question
from jobs.questions.client import JobClient
from jobs.questions.event_stream import EventWriter
from jobs.questions.query import JobQuery
from jobs.questions.soft_delete import UNDO_KEPT_SECONDS, SoftDeletion
from jobs.queue.broker import Broker
from jobs.queue.keys import SUSPECTS_KEY
from jobs.queue.retry_policy import MAX_ATTEMPTS, History, after_error
from jobs.settings import Settings
from jobs.worker.attempts import Attempt, Attempts
from jobs.worker.recovery import POPPED_SECONDS, Recovery
from jobs.worker.threads import ThreadWorker

USER = "ann"
CONCURRENCY = 2
ERRORS = {
    "permanent": BadApiKeyError,
    "transient": ModelTimeoutError,
    "outage": ModelUnavailableError,
    "handed back": HandedBackError,
}

_connection: redis.Redis
_settings: Settings


@pytest.fixture(autouse=True)
def _shared(connection: redis.Redis, make_settings: Callable[..., Settings]) -> None:
    global _connection, _settings
    _connection = connection
    _settings = make_settings(user_concurrency=CONCURRENCY, urgent_per_minute=100_000)


@dataclass
class Running:
    """An attempt as its worker knows it; one that was abandoned does not know that it was."""

    attempt: Attempt
    worker: ThreadWorker
    events: EventWriter
    words: list[str] = field(default_factory=list)


class QuestionMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        _connection.flushall()
        self.broker = Broker(_connection, _settings)
        self.client = JobClient(self.broker)
        self.attempts = Attempts(self.broker)
        self.recovery = Recovery(self.broker)
        self.queue = self.broker.queues["questions"]
        self.deletions = SoftDeletion(self.broker)
        self.asked: list[str] = []
        self.deleted: list[str] = []
        self.running: list[Running] = []
        self.closed: list[Running] = []  # they finished or failed, as far as they know
        self.paused: list[str] = []  # popped, by workers that take their time
        self.ended: dict[str, tuple[JobState, Answer | None]] = {}
        self.workers = 0

    def teardown(self) -> None:
        """Whatever happened, everything that was asked comes to an end."""
        if not hasattr(self, "broker"):
            return
        for _ in range(8 * MAX_ATTEMPTS * (len(self.asked) + 1)):
            self.lapse_all()
            self.wait_is_over()
            self.put_back_popped()
            for limit in RateLimitRegistry.all(_connection):
                limit.cleanup()
            self.begin()
            for running in list(self.running):
                self.running.remove(running)
                self.finish_one(running)
            if all(self.view(job_id).state.is_over for job_id in self.asked):
                break
        assert [self.view(job_id).state.is_over for job_id in self.asked] == [True] * len(
            self.asked
        )
        self.outcomes_stay()

    # What people do

    @rule(urgent=st.booleans())
    def submit(self, urgent: bool) -> None:
        self.asked.append(self.client.submit(USER, Question("q?"), urgent=urgent).id)

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def make_urgent(self, data: st.DataObject) -> None:
        """It loses and doubles no question: at the end each is over, with one result."""
        job_id = data.draw(st.sampled_from(self.asked))
        before = self.view(job_id)
        with suppress(InvalidStateError):
            assert self.client.make_urgent(USER, job_id).urgent
        assert self.view(job_id).state is before.state

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(self.asked))
        was_over = self.view(job_id).state.is_over
        try:
            self.client.stop(USER, job_id)
            assert not was_over
        except InvalidStateError:
            assert was_over
        assert self.view(job_id).state.is_over

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(self.asked))
        can_retry = self.view(job_id).state.can_retry
        try:
            self.client.retry(USER, job_id)
            assert can_retry
            self.ended.pop(job_id, None)
        except InvalidStateError:
            assert not can_retry

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(self.asked))
        try:
            self.client.delete(USER, job_id)
        except InvalidStateError:
            return
        self.asked.remove(job_id)
        self.deleted.append(job_id)

    @precondition(lambda self: self.deleted)
    @rule(data=st.data())
    def undo_deletion(self, data: st.DataObject) -> None:
        """It is back as it was, whatever workers did meanwhile: see `outcomes_stay`."""
        job_id = data.draw(st.sampled_from(self.deleted))
        self.client.undo_deletion(USER, job_id)
        self.deleted.remove(job_id)
        self.asked.append(job_id)

    @rule()
    def purge(self) -> None:
        """What was deleted is gone for good."""
        assert self.deletions.purge(time.time() + UNDO_KEPT_SECONDS + 1) == len(self.deleted)
        for job_id in self.deleted:
            self.ended.pop(job_id, None)
            # What goes by itself before a deletion is for good, such as the execution of a worker
            # that died, may still be there now: in truth that moment comes minutes later.
            ttls = {key: _connection.ttl(key) for key in _connection.keys(f"*{job_id}*")}
            assert [key for key, ttl in ttls.items() if not 0 <= ttl < UNDO_KEPT_SECONDS] == []
        self.deleted.clear()

    # What workers do

    @rule()
    def begin(self) -> None:
        popped = _connection.lmove(self.queue.key, self.queue.intermediate_queue_key)
        if popped is not None:
            self._begin(popped.decode())

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def write(self, data: st.DataObject) -> None:
        running = data.draw(st.sampled_from(self.running))
        word = f"[{running.attempt.number}.{len(running.words)}]"
        running.words.append(word)
        running.events.text(word)
        running.events.flush()

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        running = data.draw(st.sampled_from(self.running))
        self.running.remove(running)
        self.finish_one(running)

    @precondition(lambda self: self.closed)
    @rule(data=st.data())
    def finish_again(self, data: st.DataObject) -> None:
        """Its reply got lost, or it was thought dead: it must change nothing."""
        running = data.draw(st.sampled_from(self.closed))
        self.attempts.finish(
            running.attempt, running.worker, Answer("of a closed attempt").to_dict()
        )

    @precondition(lambda self: self.running)
    @rule(data=st.data(), kind=st.sampled_from(sorted(ERRORS)))
    def fail(self, data: st.DataObject, kind: str) -> None:
        running = data.draw(st.sampled_from(self.running))
        self.running.remove(running)
        self.closed.append(running)
        error = ERRORS[kind]()
        history = History.from_dict(running.attempt.job.meta.get("history", {}))
        outcome = after_error(error, history)
        self.attempts.end(running.attempt, running.worker, outcome, error)

    # What faults do

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        self.running.remove(data.draw(st.sampled_from(self.running)))

    @rule()
    def pause_between_pop_and_begin(self) -> None:
        """The worker may die there, or go on whenever `begin_late` lets it."""
        popped = _connection.lmove(self.queue.key, self.queue.intermediate_queue_key)
        if popped is not None:
            self.paused.append(popped.decode())

    @precondition(lambda self: self.paused)
    @rule(data=st.data())
    def begin_late(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(self.paused))
        self.paused.remove(job_id)
        self._begin(job_id)

    @rule()
    def lapse_all(self) -> None:
        """Every heartbeat lapses, of dead and of living attempts: the living go on as zombies."""
        registry = StartedJobRegistry(queue=self.queue, serializer=JSONSerializer)
        for entry in _connection.zrange(registry.key, 0, -1):
            _connection.zadd(registry.key, {entry: 1})
        self.recovery.recover_lost()

    @rule()
    def put_back_popped(self) -> None:
        self.recovery.put_back_popped()
        long_ago = time.monotonic() - POPPED_SECONDS - 1
        self.recovery._popped_since = dict.fromkeys(self.recovery._popped_since, long_ago)
        self.recovery.put_back_popped()

    @rule()
    def wait_is_over(self) -> None:
        registry = ScheduledJobRegistry(queue=self.queue, serializer=JSONSerializer)
        for entry in _connection.zrange(registry.key, 0, -1):
            _connection.zadd(registry.key, {entry: 1})
        self.recovery.enqueue_due()

    # What always holds

    @invariant()
    def outcomes_stay(self) -> None:
        """What was over stays as it was, with the same answer, until its owner retries it."""
        for job_id in self.asked:
            view = self.view(job_id)
            if not view.state.is_over:
                assert job_id not in self.ended, (view, self.ended[job_id])
                continue
            now = (view.state, self.client.get_answer(USER, job_id))
            assert self.ended.setdefault(job_id, now) == now
            assert (view.state is JobState.FINISHED) == (now[1] is not None)

    @invariant()
    def deleted_questions_are_there_for_nobody(self) -> None:
        """Nobody reads or lists them, and what is asked is listed."""
        for job_id in self.deleted:
            with pytest.raises(NotFoundError):
                self.view(job_id)
        assert set(self.client.find_jobs(USER, JobQuery())) == set(self.asked)

    @invariant()
    def answers_are_of_one_attempt(self) -> None:
        """An answer is the text of the attempt that it names, whole, and there is only one."""
        for job_id in self.asked:
            answer = self.client.get_answer(USER, job_id)
            if answer is None:
                continue
            assert answer.text.startswith(f"answer of attempt {answer.attempts} ")
            job = Job(job_id, connection=_connection, serializer=JSONSerializer)
            results = Result.all(job, serializer=JSONSerializer)
            assert [result.type for result in results].count(Result.Type.SUCCESSFUL) == 1

    @invariant()
    def live_text_is_of_one_attempt(self) -> None:
        """No word of an older attempt shows once a newer one has written."""
        for job_id in self.asked:
            _, live = self.client.read_live(USER, LiveText(job_id))
            words = [word for word in live.text.replace("]", "] ").split() if word]
            numbers = {word.strip("[]").split(".")[0] for word in words}
            assert numbers <= {str(live.attempt)}
            assert words == [f"[{live.attempt}.{index}]" for index in range(len(words))]

    @invariant()
    def nothing_is_between_two_states(self) -> None:
        """A question that is not over is where whoever has to move it on will find it."""
        queued = {
            member.decode()
            for key in (self.queue.key, self.queue.intermediate_queue_key)
            for member in _connection.lrange(key, 0, -1)
        }
        started = {
            member.decode().split(":")[0]
            for member in _connection.zrange(
                StartedJobRegistry(queue=self.queue, serializer=JSONSerializer).key, 0, -1
            )
        }
        scheduled = {
            member.decode()
            for member in _connection.zrange(
                ScheduledJobRegistry(queue=self.queue, serializer=JSONSerializer).key, 0, -1
            )
        }
        held_back = {
            job_id
            for key in (USER, SUSPECTS_KEY)
            for job_id in RateLimitRegistry(key, _connection).get_rate_limited_job_ids()
        }
        places = {
            JobState.QUEUED: queued,
            JobState.STARTED: started,
            JobState.RETRYING: scheduled,
            JobState.WAITING: held_back,
        }
        for job_id in self.asked:
            view = self.view(job_id)
            if not view.state.is_over:
                assert job_id in places[view.state], view

    @invariant()
    def attempts_are_counted(self) -> None:
        """No more than three attempts count before a question fails."""
        for job_id in self.asked:
            history = History.from_dict(self.broker.fetch(job_id).meta.get("history", {}))
            assert history.attempts <= MAX_ATTEMPTS
            assert history.attempts < MAX_ATTEMPTS or self.view(job_id).state.is_over

    def view(self, job_id: str) -> JobView:
        return self.client.get_job(USER, job_id)

    def finish_one(self, running: Running) -> None:
        self.closed.append(running)
        number = running.attempt.number
        answer = Answer(f"answer of attempt {number} {running.attempt.execution.id}")
        answer = Answer(**{**vars(answer), "attempts": number})
        counted = self.attempts.finish(running.attempt, running.worker, answer.to_dict())
        if counted:
            assert self.client.get_answer(USER, running.attempt.job.id) == answer

    def _begin(self, job_id: str) -> None:
        try:
            job = self.broker.fetch(job_id)
        except Exception:  # deleted while popped, which RQ's own pop also ignores
            _connection.lrem(self.queue.intermediate_queue_key, 1, job_id)
            return
        self.workers += 1
        worker = ThreadWorker(
            "questions", f"w{self.workers}", _connection, self.attempts, lambda *_: None
        )
        attempt = self.attempts.begin(job, worker)
        if attempt is not None:
            events = EventWriter(_connection, job_id, attempt.number)
            self.running.append(Running(attempt, worker, events))


QuestionMachine.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    phases=[Phase.generate],  # shrinking takes minutes; 30 steps can be read as they are
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
TestQuestions = QuestionMachine.TestCase
