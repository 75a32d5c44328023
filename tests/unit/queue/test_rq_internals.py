"""The names of RQ that its documentation does not promise: an upgrade may take them away.

If one of these tests fails after an upgrade, read what RQ changed about the name, change
`jobs.queue.rq_internals` accordingly, and only then what is expected here.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
import rq.serializers
from rq import Queue, SimpleWorker, worker_registration
from rq.executions import Execution
from rq.intermediate_queue import IntermediateQueue
from rq.job import Job
from rq.rate_limit import RateLimitRegistry, release_slot
from rq.registry import BaseRegistry, CanceledJobRegistry
from rq.results import Result
from rq.serializers import JSONSerializer

from jobs.queue import rq_internals
from jobs.queue.rq_internals import JsonWorker, format_time, make_queue, now, unix_time

ROOT = Path(__file__).resolve().parents[3]
# Undocumented modules of RQ, which only rq_internals may import.
INTERNAL_MODULES = {
    "rq.defaults", "rq.executions", "rq.intermediate_queue", "rq.results", "rq.suspension",
    "rq.utils", "rq.worker_registration",
}  # fmt: skip

PARAMETERS: list[tuple[Callable[..., object], list[str]]] = [
    (Queue._enqueue_job, ["self", "job", "pipeline", "at_front", "unique"]),
    (Queue._enqueue_rate_limited_job, ["self", "job", "pipeline", "at_front"]),
    (
        Queue.dequeue_any,
        [
            "queues", "timeout", "connection", "job_class", "serializer", "death_penalty_class",
        ],
    ),
    (
        Job._handle_success,
        [
            "self", "result_ttl", "pipeline", "worker_name", "execution_id",
            "execution_started_at", "execution_ended_at",
        ],
    ),
    (
        Job._handle_failure,
        [
            "self", "exc_string", "pipeline", "worker_name", "execution_id",
            "execution_started_at", "execution_ended_at",
        ],
    ),
    (Job.cleanup, ["self", "ttl", "pipeline", "remove_from_queue"]),
    (Job.prepare_for_execution, ["self", "worker_name", "pipeline"]),
    (Execution.create, ["job", "ttl", "pipeline", "worker_name"]),
    (Execution.delete, ["self", "job", "pipeline"]),
    (Result.restore, ["job_id", "result_id", "payload", "connection", "serializer"]),
    (Result.get_key, ["job_id"]),
    (IntermediateQueue.get_job_ids, ["self"]),
    (IntermediateQueue.remove, ["self", "job_id"]),
    (RateLimitRegistry.all, ["connection"]),
    (RateLimitRegistry.from_job, ["job"]),
    (RateLimitRegistry.cancel, ["self", "job_id", "pipeline"]),
    (RateLimitRegistry.release_and_enqueue, ["self", "job_id"]),
    (RateLimitRegistry.release_stale_and_enqueue, ["self", "job_id"]),
    (RateLimitRegistry.cleanup, ["self"]),
    (release_slot, ["job"]),
    (CanceledJobRegistry.add, ["self", "job", "ttl", "pipeline", "xx"]),
    (BaseRegistry.cleanup, ["self", "timestamp", "exception_handlers"]),
    (SimpleWorker.execute_job, ["self", "job", "queue"]),
    (SimpleWorker.heartbeat, ["self", "timeout", "pipeline"]),
    (SimpleWorker.get_heartbeat_ttl, ["self", "job", "working_time"]),
    (SimpleWorker.maintain_heartbeats, ["self", "job", "execution"]),
    (SimpleWorker.check_for_suspension, ["self", "burst"]),
    (SimpleWorker.set_state, ["self", "state", "pipeline"]),
    (SimpleWorker.procline, ["self", "message"]),
    (SimpleWorker.serialize, ["self"]),
    (SimpleWorker.register_birth, ["self"]),
    (SimpleWorker.register_death, ["self"]),
    (worker_registration.register, ["worker", "pipeline"]),
    (worker_registration.get_keys, ["queue", "connection"]),
    (worker_registration.clean_worker_registry, ["queue"]),
]  # fmt: skip


@pytest.fixture
def queue() -> Queue:
    """A queue whose connection is never used."""
    return make_queue("questions", redis.Redis(host="unused.invalid"))


@pytest.mark.parametrize(
    ("function", "parameters"),
    PARAMETERS,
    ids=[function.__qualname__ for function, _ in PARAMETERS],
)
def test_function_takes_what_we_pass(
    function: Callable[..., object], parameters: list[str]
) -> None:
    """A parameter that came, went or moved may change what a call of ours means."""
    found = [name for name in inspect.signature(function).parameters if name != "cls"]
    assert found == parameters


def test_worker_stops_by_the_flag_that_we_set() -> None:
    """RQ's wait while queues are suspended ends by it; our own loop too."""
    assert "self._stop_requested" in inspect.getsource(SimpleWorker.check_for_suspension)
    assert "self._stop_requested: bool = False" in inspect.getsource(SimpleWorker.__init__)
    assert issubclass(JsonWorker, SimpleWorker)


def test_success_saves_no_result() -> None:
    """`save_success` clears the result where `_handle_success` takes it from."""
    assert "return_value=self._result" in inspect.getsource(Job._handle_success)
    assert "self._result = self._execute()" in inspect.getsource(Job.perform)


def test_keys_are_those_in_valkey(queue: Queue) -> None:
    """Jobs queued before an upgrade are found after it, and ours are found by RQ's own tools."""
    limit = RateLimitRegistry("ann", queue.connection)
    assert queue.key == "rq:queue:questions"
    assert queue.intermediate_queue_key == "rq:queue:questions:intermediate"
    assert queue.redis_queues_keys == "rq:queues"
    assert queue.started_job_registry.key == "rq:wip:questions"
    assert queue.scheduled_job_registry.key == "rq:scheduled:questions"
    assert queue.finished_job_registry.key == "rq:finished:questions"
    assert queue.failed_job_registry.key == "rq:failed:questions"
    assert queue.canceled_job_registry.key == "rq:canceled:questions"
    assert Job.key_for("1") == "rq:job:1"
    assert rq_internals.results_key("1") == "rq:results:1"
    assert rq_internals.LIMITS_KEY == "rq:rl-keys"
    assert limit.allowed_key == rq_internals.LIMITS_PREFIX + "ann:allowed"
    assert limit.rate_limited_key == rq_internals.LIMITS_PREFIX + "ann:rate_limited"
    assert rq_internals.WORKERS_SUSPENDED == "rq:suspended"
    assert Execution("2", "1", queue.connection).key == "rq:execution:1:2"


def test_job_has_the_fields_that_we_read(queue: Queue) -> None:
    """Scripts and pipelines of ours read these fields of a job's hash without RQ."""
    job = queue.create_job("jobs.tasks.answer_question", job_id="1", meta={"failure": {}})
    job.started_at = job.ended_at = job.enqueued_at = now()
    job.worker_name, job.rate_limit_key, job.rate_limit_concurrency = "w", "ann", 2
    fields = set(job.to_dict())
    assert fields >= {
        "status", "origin", "description", "meta", "enqueued_at", "started_at", "ended_at",
        "worker_name", "rate_limit_key", "rate_limit_concurrency",
    }  # fmt: skip


def test_everything_is_json(queue: Queue) -> None:
    """Nothing that is read from Valkey is unpickled."""
    assert queue.serializer is JSONSerializer
    assert queue.create_job("jobs.tasks.answer_question").serializer is JSONSerializer
    assert queue.failed_job_registry.serializer is JSONSerializer


def test_pickle_can_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code that names no serializer gets JSON then."""
    monkeypatch.setattr(rq.serializers, "PickleSerializer", rq.serializers.PickleSerializer)
    assert rq.serializers.resolve_serializer(None) is not JSONSerializer
    rq_internals.replace_pickle()
    assert rq.serializers.resolve_serializer(None) is JSONSerializer


def test_times_are_read_as_they_are_written() -> None:
    """To the microsecond, and also as older versions of RQ wrote them."""
    moment = now()
    assert unix_time(format_time(moment)) == moment.timestamp()
    assert unix_time(format_time(moment).encode()) == moment.timestamp()
    assert unix_time("2026-01-31T12:00:00Z") == 1769860800.0


def test_no_other_file_uses_private_names_of_rq() -> None:
    """An upgrade then needs a look at one file."""
    private = {
        name.split(".")[-1]
        for function, _ in PARAMETERS
        if (name := function.__qualname__).split(".")[-1].startswith("_")
    }
    for path in sorted((ROOT / "jobs").rglob("*.py")):
        if path.name == "rq_internals.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            assert not set(imported_modules(node)) & INTERNAL_MODULES, path
            assert not (isinstance(node, ast.Attribute) and node.attr in private), path


def imported_modules(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
