"""Question sets and their runs in Valkey.

    askqueue:question-sets                  sorted set: ids of sets by the time they were made
    askqueue:question-sets:running          set: ids of runs whose results are not stored yet
    askqueue:question-set:<id>              hash: one set
    askqueue:question-set:<id>:questions    list: its questions, each as JSON
    askqueue:question-set:<id>:runs         sorted set: ids of its runs by the time they began
    askqueue:question-set-run:<id>          hash: one run
    askqueue:question-set-run:<id>:results  list: what came of each question, as JSON

Raises what redis raises.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TypeVar, cast

import redis
from redis.client import Pipeline

from jobs.models.json_types import from_json
from jobs.question_sets.models import QuestionSet, Run, RunResult, SetQuestion
from jobs.queue.codec import decode, encode
from jobs.queue.keys import (
    QUESTION_SETS_KEY,
    RUNNING_SETS_KEY,
    question_set_key,
    question_set_run_key,
)

Item = TypeVar("Item")


def questions_key(set_id: str) -> str:
    """List: the questions of a set, as JSON."""
    return f"{question_set_key(set_id)}:questions"


def runs_key(set_id: str) -> str:
    """Sorted set: the ids of a set's runs by the time they began."""
    return f"{question_set_key(set_id)}:runs"


def results_key(run_id: str) -> str:
    """List: what came of each question of a run, in their order, as JSON."""
    return f"{question_set_run_key(run_id)}:results"


class QuestionSetRepository:
    """All question sets of the installation."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection

    def list_sets(self) -> list[QuestionSet]:
        """Return all sets, the newest first; two round trips."""
        ids = cast("list[bytes]", self._connection.zrevrange(QUESTION_SETS_KEY, 0, -1))
        return self._read(QuestionSet, [question_set_key(each.decode()) for each in ids])

    def get_set(self, set_id: str) -> QuestionSet | None:
        """Return one set; None if there is none."""
        return next(iter(self._read(QuestionSet, [question_set_key(set_id)])), None)

    def questions(self, set_id: str) -> list[SetQuestion]:
        """Return the questions of a set, in order."""
        return self._items(SetQuestion, questions_key(set_id))

    def add_set(self, made: QuestionSet, questions: Sequence[SetQuestion], most: int) -> bool:
        """Store a set, unless there are `most` already; return whether it was stored."""

        def store(pipeline: Pipeline) -> bool:
            if int(pipeline.zcard(QUESTION_SETS_KEY)) >= most:
                return False
            pipeline.multi()
            pipeline.hset(question_set_key(made.id), mapping=encode(made))
            pipeline.rpush(questions_key(made.id), *map(_to_json, questions))
            pipeline.zadd(QUESTION_SETS_KEY, {made.id: made.made_at})
            return True

        return self._transaction(store, QUESTION_SETS_KEY)

    def delete_set(self, set_id: str) -> list[Run]:
        """Remove a set with its runs; return these."""
        runs = self.list_runs(set_id)
        with self._connection.pipeline() as pipeline:
            for run in runs:
                self._delete_run(pipeline, run)
            pipeline.delete(question_set_key(set_id), questions_key(set_id), runs_key(set_id))
            pipeline.zrem(QUESTION_SETS_KEY, set_id)
            pipeline.execute()
        return runs

    def list_runs(self, set_id: str) -> list[Run]:
        """Return the runs of a set, the newest first; two round trips."""
        ids = cast("list[bytes]", self._connection.zrevrange(runs_key(set_id), 0, -1))
        return self._read(Run, [question_set_run_key(each.decode()) for each in ids])

    def list_running(self) -> list[Run]:
        """Return the runs whose results are not stored; one round trip if there are none."""
        ids = cast("set[bytes]", self._connection.smembers(RUNNING_SETS_KEY))
        return self._read(Run, [question_set_run_key(each.decode()) for each in ids])

    def get_run(self, run_id: str) -> Run | None:
        """Return one run; None if there is none."""
        return next(iter(self._read(Run, [question_set_run_key(run_id)])), None)

    def results(self, run_id: str) -> list[RunResult]:
        """Return what came of each question, in their order; nothing before the run is over."""
        return self._items(RunResult, results_key(run_id))

    def add_run(self, run: Run, most: int) -> bool:
        """Store a run, unless the set is gone or has `most`; return whether it was stored."""

        def store(pipeline: Pipeline) -> bool:
            if not pipeline.exists(question_set_key(run.set_id)):
                return False
            if int(pipeline.zcard(runs_key(run.set_id))) >= most:
                return False
            pipeline.multi()
            pipeline.hset(question_set_run_key(run.id), mapping=encode(run))
            pipeline.zadd(runs_key(run.set_id), {run.id: run.started_at})
            pipeline.sadd(RUNNING_SETS_KEY, run.id)
            return True

        return self._transaction(store, question_set_key(run.set_id), runs_key(run.set_id))

    def end_run(self, run: Run, results: Sequence[RunResult]) -> bool:
        """Store what came of a run, once; return False if it is gone, or was ended before."""

        def store(pipeline: Pipeline) -> bool:
            fields = cast("dict[bytes, bytes]", pipeline.hgetall(question_set_run_key(run.id)))
            known = decode(Run, fields)
            if known is None or known.is_over:
                return False
            pipeline.multi()
            pipeline.hset(question_set_run_key(run.id), mapping=encode(run))
            pipeline.delete(results_key(run.id))
            if results:
                pipeline.rpush(results_key(run.id), *map(_to_json, results))
            pipeline.srem(RUNNING_SETS_KEY, run.id)
            return True

        return self._transaction(store, question_set_run_key(run.id))

    def delete_run(self, run: Run) -> None:
        """Remove a run with its results."""
        with self._connection.pipeline() as pipeline:
            self._delete_run(pipeline, run)
            pipeline.execute()

    def _delete_run(self, pipeline: Pipeline, run: Run) -> None:
        pipeline.delete(question_set_run_key(run.id), results_key(run.id))
        pipeline.zrem(runs_key(run.set_id), run.id)
        pipeline.srem(RUNNING_SETS_KEY, run.id)

    def _read(self, kind: type[Item], keys: Sequence[str]) -> list[Item]:
        pipeline = self._connection.pipeline(transaction=False)
        for key in keys:
            pipeline.hgetall(key)
        found = [decode(kind, fields) for fields in pipeline.execute()] if keys else []
        return [item for item in found if item is not None]

    def _items(self, kind: type[Item], key: str) -> list[Item]:
        texts = cast("list[bytes]", self._connection.lrange(key, 0, -1))
        return [from_json(kind, json.loads(text)) for text in texts]

    def _transaction(self, store: Any, *watched: str) -> bool:
        return bool(self._connection.transaction(store, *watched, value_from_callable=True))


def _to_json(item: SetQuestion | RunResult) -> str:
    return json.dumps(asdict(item))
