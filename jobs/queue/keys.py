"""The keys in Valkey that Askqueue owns. RQ's own begin with `rq:`."""

from __future__ import annotations

from rq import Queue

from jobs.settings import QUESTIONS_QUEUE

# Keys. Each has a TTL, or an owner: `jobs.worker.retention.OWNERS` names who removes what.
PREFIX = "askqueue:"
DOCUMENTS_KEY = PREFIX + "documents"
PRIVATE_DOCUMENTS_KEY = PREFIX + "documents:private"
DELETED_DOCUMENTS_KEY = PREFIX + "documents:deleted"
DOCUMENTS_VERSION_KEY = PREFIX + "documents:version"
LOOSE_FILES_KEY = PREFIX + "documents:loose"
UNEMBEDDED_KEY = PREFIX + "documents:unembedded"
INDEX_KEY = PREFIX + "index"
GLOSSARY_KEY = PREFIX + "glossary"
WORKERS_KEY = PREFIX + "workers"
MAINTENANCE_LOCK_KEY = PREFIX + "lock:maintenance"
RETENTION_LOCK_KEY = PREFIX + "lock:retention"
REMOVAL_LOCK_KEY = PREFIX + "lock:removal"
# With a TTL: a job that removes the passages of deleted documents waits to begin.
REMOVAL_WAITS_KEY = PREFIX + "lock:removal-waits"
# With a TTL: an older index was renewed by itself, or tried to be.
RENEWAL_LOCK_KEY = PREFIX + "lock:renewal"
LOG_LOCK_KEY = PREFIX + "lock:log"
OPEN_BATCHES_KEY = PREFIX + "batches:open"
FEEDING_LOCK_KEY = PREFIX + "lock:feeding"
DELETED_JOBS_KEY = PREFIX + "jobs:deleted"
METRICS_KEY = PREFIX + "metrics"
PAUSED_KEY = PREFIX + "paused"
RATES_PREFIX = PREFIX + "rate"
QUESTION_SETS_KEY = PREFIX + "question-sets"
RUNNING_SETS_KEY = PREFIX + "question-sets:running"
URGENT_KEY = PREFIX + "urgent"
URGENT_ROW_KEY = PREFIX + "urgent:row"
OUTBOX_KEY = PREFIX + "outbox"
# Not a key but the name of an RQ rate limit: of the jobs that may be killing workers, one runs at
# a time.
SUSPECTS_KEY = PREFIX + "suspects"


def queue_key(name: str) -> str:
    """List, RQ's own: the ids of the jobs on this queue, the next one first."""
    return Queue.redis_queue_namespace_prefix + name


def embedding_key(document_id: str) -> str:
    """String with a TTL of seconds: the worker that gives a document its vectors."""
    return f"{PREFIX}lock:embedding:{document_id}"


def job_key(job_id: str) -> str:
    """Hash: the record of one question (who asked what, stage, attempt, failure, preview)."""
    return f"{PREFIX}job:{job_id}"


def answer_key(job_id: str) -> str:
    """String with a TTL: the answer of one question, as JSON; see `jobs.queue.results`."""
    return f"{PREFIX}answer:{job_id}"


def events_key(job_id: str) -> str:
    """Stream: the live events of one job."""
    return f"{PREFIX}events:{job_id}"


def user_jobs_key(user: str) -> str:
    """Sorted set: the ids of one user's questions by the time they were asked."""
    return f"{PREFIX}user:{user}:jobs"


def spent_key(job_id: str) -> str:
    """String with a TTL of a minute: this question was counted by `jobs.questions.rate_limit`."""
    return f"{RATES_PREFIX}:spent:{job_id}"


def uploads_key(user: str) -> str:
    """Sorted set with a TTL: the space that running uploads reserve, see `jobs.documents.quota`."""
    return f"{PREFIX}user:{user}:uploads"


def deletions_key(user: str) -> str:
    """Sorted set with a TTL: the documents of a user that were just deleted, by time."""
    return f"{PREFIX}user:{user}:deletions"


def storage_key(user: str) -> str:
    """Hash with a TTL of a day: what a user's documents take up, see `jobs.documents.quota`."""
    return f"{PREFIX}user:{user}:storage"


def thread_key(root_id: str) -> str:
    """Sorted set: the ids of a question's versions by the time they were last asked.

    It is named after the first of them, and there is none for a question with one version.
    """
    return f"{PREFIX}thread:{root_id}"


def batch_key(batch_id: str) -> str:
    """Hash: one batch (whose, of which file, in which state)."""
    return f"{PREFIX}batch:{batch_id}"


def user_batches_key(user: str) -> str:
    """Sorted set: the ids of one user's batches by the time they were submitted."""
    return f"{PREFIX}user:{user}:batches"


def batch_sizes_key(user: str) -> str:
    """Sorted set: the ids of one user's batches by their bytes, until nothing of them is left."""
    return f"{PREFIX}user:{user}:batches:sizes"


def question_set_key(set_id: str) -> str:
    """Hash: one question set. The keys of its questions and its runs begin with this."""
    return f"{PREFIX}question-set:{set_id}"


def question_set_run_key(run_id: str) -> str:
    """Hash: one run of a question set. The key of its results begins with this."""
    return f"{PREFIX}question-set-run:{run_id}"


def api_key_key(digest: str) -> str:
    """Hash: one API key, found by the SHA-256 of its secret."""
    return f"{PREFIX}key:{digest}"


def api_keys_key(user: str) -> str:
    """Hash: the digests of one user's API keys, by their ids."""
    return f"{PREFIX}user:{user}:keys"


def webhook_key(webhook_id: str) -> str:
    """Hash: one webhook. The keys of what `jobs.webhooks.outbox` has to send begin with this."""
    return f"{PREFIX}webhook:{webhook_id}"


def user_webhooks_key(user: str) -> str:
    """Set: the ids of one user's webhooks."""
    return f"{PREFIX}user:{user}:webhooks"


def limit_key(queue_name: str, user: str) -> str:
    """Return the name of RQ's rate limit: a user has one each for questions, batches, documents."""
    return user if queue_name == QUESTIONS_QUEUE else f"{queue_name}:{user}"


def cache_key(digest: str) -> str:
    """String with a TTL: the id of a question, see `jobs.questions.answer_cache`."""
    return f"{PREFIX}cache:{digest}"


def worker_key(name: str) -> str:
    """String with a TTL of seconds: the JSON report of one worker process."""
    return f"{PREFIX}worker:{name}"


def durations_key(queue_name: str) -> str:
    """List: the seconds that recent attempts of one queue took, the newest first."""
    return f"{PREFIX}durations:{queue_name}"


def metrics_span_key(span_seconds: int, start: int) -> str:
    """Hash with a TTL: what was counted in the span that began at this Unix time."""
    return f"{METRICS_KEY}:{span_seconds}:{start}"
