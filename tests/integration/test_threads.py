"""A ThreadWorker over a real Valkey, on the thread of the test."""

from __future__ import annotations

from pathlib import Path

import redis
from rq import Queue
from rq.job import Job, JobStatus

from jobs.errors import UnknownTaskError
from jobs.models import JobState, Question
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.worker.attempts import Attempts
from jobs.worker.threads import ThreadWorker


class StoppedWhileWaiting(ThreadWorker):
    """Is asked to shut down while it waits for a job, and then gets one."""

    def pop(self, timeout_seconds: int) -> tuple[Job, Queue] | None:
        self.request_shutdown()
        return super().pop(timeout_seconds)


def test_worker_that_stops_leaves_a_job_it_popped_in_front(
    client: JobClient, broker: Broker, connection: redis.Redis
) -> None:
    """A job that comes while a worker shuts down is for the next one, at its place."""
    first, second = (client.submit("ann", Question("q?")).id for _ in range(2))
    worker = StoppedWhileWaiting(
        "questions", "w", connection, Attempts(broker), lambda *_outcome: None
    )
    worker.work()
    assert broker.queues["questions"].get_job_ids() == [first, second]
    view = client.get_job("ann", first)
    assert (view.state, view.position, view.attempt) == (JobState.QUEUED, 1, 0)


def test_heartbeat_of_an_attempt_that_no_longer_counts_leaves_the_job_alone(
    client: JobClient, broker: Broker, connection: redis.Redis
) -> None:
    """A row is stopped, given back and asked anew while its first attempt still runs."""
    job_id = client.submit("ann", Question("q?")).id
    attempts = Attempts(broker)
    worker = ThreadWorker("questions", "w", connection, attempts, lambda *_outcome: None)
    popped = worker.pop(1)
    assert popped is not None
    attempt = attempts.begin(popped[0], worker)
    assert attempt is not None
    connection.hdel(attempt.job.key, "last_heartbeat")
    worker.maintain_heartbeats(attempt.job, attempt.execution)
    assert connection.hget(attempt.job.key, "last_heartbeat")

    client.stop("ann", job_id)
    connection.delete(attempt.job.key)
    worker.maintain_heartbeats(attempt.job, attempt.execution)
    assert not connection.exists(attempt.job.key)

    connection.hset(attempt.job.key, "status", "queued")
    worker.maintain_heartbeats(attempt.job, attempt.execution)
    assert connection.hgetall(attempt.job.key) == {b"status": b"queued"}


def test_job_that_names_a_function_of_others_is_not_run(
    broker: Broker, connection: redis.Redis, tmp_path: Path
) -> None:
    """Whoever can write to RQ's keys, such as rq-dashboard's user, runs no code in a worker."""
    made = tmp_path / "made"
    job = broker.queues["questions"].enqueue("os.mkdir", str(made))
    worker = ThreadWorker("questions", "w", connection, Attempts(broker), lambda *_outcome: None)
    popped = worker.pop(1)
    assert popped is not None
    worker.execute_job(*popped)
    assert not made.exists()
    assert job.get_status(refresh=True) is JobStatus.FAILED
    assert job.latest_result().exc_string == f"UnknownTaskError: {UnknownTaskError.message}"
