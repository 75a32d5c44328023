"""Retention: removal of what has expired and has no TTL in Valkey, and who owns which key.

Most of what a question leaves behind has a TTL.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import cast

import redis
import structlog
from rq.exceptions import NoSuchJobError
from rq.job import Job

from jobs.documents.client import DocumentClient
from jobs.questions.soft_delete import SoftDeletion
from jobs.queue.broker import ANSWER_QUESTION, Broker
from jobs.queue.connection import broker_errors
from jobs.queue.keys import LOG_LOCK_KEY, RETENTION_LOCK_KEY, answer_key, job_key
from jobs.queue.rq_internals import (
    RateLimitRegistry,
    get_worker_keys,
    results_key,
)

log = structlog.get_logger(__name__)

EVERY_SECONDS = 60
# A file without a document for this long is left over from an interrupted upload or deletion.
LOOSE_FILE_SECONDS = 24 * 3600
# A question's record is written with its job: a job this old without one has lost it.
UNSEEN_SECONDS = 60
LOG_EVERY_SECONDS = 24 * 3600
# As RQ sets for a worker that ends.
WORKER_SECONDS = 60

# The keys without a TTL, by glob, and who removes them or bounds what is in them.
OWNERS = {
    "askqueue:key:*": "the user whose API key it is; one that expires has a TTL",
    "askqueue:user:*:keys": "ApiKeys; goes with the user's last key",
    "askqueue:webhook:*": "the user whose webhook it is; what waits to be sent is the Sender's",
    "askqueue:user:*:webhooks": "Webhooks; goes with the user's last webhook",
    "askqueue:outbox": "the Sender; a webhook goes when nothing of it waits",
    "askqueue:documents": "the register; an entry goes with its document",
    "askqueue:document:*": "the register; goes with the document",
    "askqueue:private:*": "the register; goes with the private document",
    "askqueue:documents:private": "the register; an entry goes with its document",
    "askqueue:documents:of:*": "the register; an entry goes with its document",
    "askqueue:documents:version": "the register; one for the installation",
    "askqueue:documents:deleted": "the job that removes a deleted document's passages",
    "askqueue:documents:loose": "DocumentClient; a file goes after a day without a document",
    "askqueue:documents:unembedded": "BackgroundVectors; a document goes when it has its vectors",
    "askqueue:index": "the register; one for the installation",
    "askqueue:glossary": "the operators; at most jobs.glossary.store.MAX_RULES terms",
    "askqueue:jobs:deleted": "Retention; a question goes for good a minute after its deletion",
    "askqueue:batches:open": "the feeder; a batch goes when it has no row left to ask or to stop",
    "askqueue:question-sets": "the operators; an entry goes with its set",
    "askqueue:question-sets:running": "jobs.question_sets.finisher; a run goes when it is over",
    "askqueue:question-set:*": "the operators; goes with the set",
    "askqueue:question-set-run:*": "the operators; goes with the run, or with its set",
    "askqueue:metrics": "jobs.operations.metrics; one, a field for each queue and kind of error",
    "askqueue:paused": "the operators; a field for each paused queue",
    "askqueue:urgent": "jobs.questions.priority; one that is over goes when the next one begins",
    "askqueue:workers": "the workers; a silent one goes after minutes",
    "rq:queues": "RQ; the fixed names of the queues",
    "rq:queue:*": "the workers, and Maintenance for what they popped and lost",
    "rq:wip:*": "the workers, and Maintenance for those that died",
    "rq:scheduled:*": "Maintenance; a job goes when it is due",
    "rq:finished:*": "Maintenance; a job goes with its TTL",
    "rq:failed:*": "Maintenance; a job goes with its TTL",
    "rq:canceled:*": "Retention; a job goes with its hash",
    "rq:job:*": "the queue or registry that holds the job; it gets a TTL when it is over",
    "rq:workers": "the workers, and Maintenance for those that died",
    "rq:workers:*": "the workers, and Maintenance for those that died",
    "rq:rl-keys": "Maintenance; a user goes with the last unfinished question",
    "rq:rl:*": "Maintenance; goes with the user's last unfinished question",
}


class Retention:
    """Runs the retention from one process. `run_once` may be called at any rate."""

    def __init__(self, broker: Broker, documents: DocumentClient) -> None:
        self._broker = broker
        self._connection = broker.connection
        self._queues = list(broker.queues.values())
        self._settings = broker.settings
        self._documents = documents
        self._deletions = SoftDeletion(broker)

    def run_once(self) -> bool:
        """Call `expire`, unless a process did within the last minute; return whether it was due."""
        with broker_errors():
            is_due = self._connection.set(RETENTION_LOCK_KEY, 1, nx=True, ex=EVERY_SECONDS)
        if is_due:
            self.expire(time.time())
        return bool(is_due)

    def expire(self, now: float) -> int:
        """Remove what has expired by `now` (Unix seconds); return how many documents did.

        Several processes may do this at once. Raises BrokerUnavailableError.
        """
        with broker_errors():
            self._forget_canceled(now - self._settings.retention_seconds)
            self._forget_unseen(now - UNSEEN_SECONDS)
            self._deletions.purge(now)
            self._bound_workers()
            self._shorten_log()
        kept_seconds = self._settings.document_retention_seconds
        expired = self._documents.expire(
            added_before=now - kept_seconds if kept_seconds else float("-inf"),
            loose_before=now - LOOSE_FILE_SECONDS,
        )
        if expired:
            log.info("documents expired", documents=expired)
        return expired

    def _forget_canceled(self, before: float) -> None:
        """Remove jobs canceled before this time, which RQ never expires."""
        for queue in self._queues:
            key = queue.canceled_job_registry.key
            ids = cast("list[bytes]", self._connection.zrangebyscore(key, "-inf", before))
            for job_id in (item.decode() for item in ids):
                with self._connection.pipeline() as pipeline:
                    pipeline.delete(Job.key_for(job_id), results_key(job_id), answer_key(job_id))
                    pipeline.zrem(key, job_id)
                    pipeline.execute()

    def _forget_unseen(self, before: float) -> None:
        """Remove waiting questions whose record has expired, so that nobody can see them."""
        for registry in RateLimitRegistry.all(self._connection):
            # Waiting ones first, or they would take the slots that the others free.
            for key in (registry.rate_limited_key, registry.allowed_key):
                for job_id in self._without_record(key, before):
                    with suppress(NoSuchJobError):  # the registry cleans up after itself
                        job = self._broker.fetch(job_id)
                        if job.func_name == ANSWER_QUESTION:  # others have no record
                            job.delete()
                            self._connection.zrem(key, job_id)

    def _without_record(self, key: str, before: float) -> list[str]:
        members = cast("list[bytes]", self._connection.zrangebyscore(key, "-inf", before))
        ids = [member.decode() for member in members]
        with self._connection.pipeline(transaction=False) as pipeline:
            for job_id in ids:
                pipeline.exists(job_key(job_id))
            return [
                job_id for job_id, there in zip(ids, pipeline.execute(), strict=True) if not there
            ]

    def _bound_workers(self) -> None:
        """Give RQ's entry of a worker a TTL if it has none.

        An entry that expired during an outage comes back without one when the worker counts a job.
        A living worker renews it.
        """
        with self._connection.pipeline(transaction=False) as pipeline:
            for key in get_worker_keys(connection=self._connection):
                pipeline.expire(key, WORKER_SECONDS, nx=True)
            pipeline.execute()

    def _shorten_log(self) -> None:
        """Have Valkey rewrite its append-only file daily, which still holds what was deleted."""
        if not self._connection.set(LOG_LOCK_KEY, 1, nx=True, ex=LOG_EVERY_SECONDS):
            return
        try:
            self._connection.bgrewriteaof()
        except redis.exceptions.ResponseError as error:  # already running, or not allowed here
            log.info("append-only file not rewritten", error=str(error))
