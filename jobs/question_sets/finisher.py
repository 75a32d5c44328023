"""Ends the runs of question sets: their answers are judged, and their batches removed."""

from __future__ import annotations

import time
from contextlib import suppress

import structlog

from jobs.batches.client import BatchClient
from jobs.errors import NotFoundError
from jobs.question_sets.models import RUNS_USER, Run, RunResult
from jobs.question_sets.repository import QuestionSetRepository
from jobs.question_sets.results import ended, results_of
from jobs.queue.broker import Broker
from jobs.queue.connection import broker_errors

log = structlog.get_logger(__name__)


class Finisher:
    """One worker process's share. Call `run_once` every second or two."""

    def __init__(self, broker: Broker) -> None:
        self._repository = QuestionSetRepository(broker.connection)
        self._batches = BatchClient(broker)

    def run_once(self) -> int:
        """End the runs of which nothing is asked any more; return how many.

        Several processes may do this at once. One round trip if nothing runs. Raises
        BrokerUnavailableError.
        """
        with broker_errors():
            running = self._repository.list_running()
        return sum(self._end_if_over(run) for run in running)

    def _end_if_over(self, run: Run) -> bool:
        results = self._results(run)
        if results is None:
            return False
        with broker_errors():
            is_ended = self._repository.end_run(ended(run, results, time.time()), results)
        with suppress(NotFoundError):
            self._batches.delete(RUNS_USER, run.batch_id)
        if is_ended:
            log.info("run of a question set ended", run_id=run.id, questions=len(results))
        return is_ended

    def _results(self, run: Run) -> list[RunResult] | None:
        """Return what came of each question; None while some are asked."""
        with broker_errors():
            questions = self._repository.questions(run.set_id)
        try:
            if self._batches.get(RUNS_USER, run.batch_id).is_active:
                return None
            return results_of(questions, self._batches.results(RUNS_USER, run.batch_id))
        except NotFoundError:  # its time was over before a worker looked
            return results_of(questions, ())
