"""A worker whose attempts fail, by hand: it pops a job, begins it, and ends it with an error."""

from __future__ import annotations

from jobs.errors import AskqueueError
from jobs.queue.broker import Broker
from jobs.queue.retry_policy import MAX_ATTEMPTS, History, after_error
from jobs.settings import QUESTIONS_QUEUE
from jobs.worker.attempts import Attempts
from jobs.worker.threads import ThreadWorker


def fail_next(
    broker: Broker, error: AskqueueError, queue_name: str = QUESTIONS_QUEUE, used: int = 0
) -> str:
    """Fail the next job of a queue, for good if `error` is permanent; returns its id.

    `used` attempts count as made before: `MAX_ATTEMPTS - 1` makes this one the last.
    """
    assert used < MAX_ATTEMPTS
    connection, queue = broker.connection, broker.queues[queue_name]
    popped = connection.lmove(queue.key, queue.intermediate_queue_key)
    assert popped is not None, f"nothing is queued on {queue_name}"
    job = broker.fetch(popped.decode())
    attempts = Attempts(broker)
    worker = ThreadWorker(queue_name, "failing", connection, attempts, lambda *_: None)
    attempt = attempts.begin(job, worker)
    assert attempt is not None
    history = History.from_dict(job.meta.get("history", {"attempts": used}))
    assert attempts.end(attempt, worker, after_error(error, history), error)
    return job.id
