"""Answers in the making, without workers: each grows by words, until it is finished.

Two hundred threads of a worker and a model server would take the machine that is measured. The
states, records and events are those of a worker, written by the same code.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict

from jobs.models import Answer, JobView, Stage, WorkerReport
from jobs.questions.event_stream import EventWriter
from jobs.queue.broker import Broker
from jobs.queue.keys import WORKERS_KEY, worker_key
from jobs.queue.workers import WORKER_ALIVE_SECONDS
from jobs.settings import QUESTIONS_QUEUE
from jobs.worker.attempts import Attempt, Attempts
from jobs.worker.threads import ThreadWorker

WORDS = "The hotel limit is **140 EUR** a night [1], and *breakfast* is paid apart from it [2]. "
NAME = "bench"


class Writing:
    """Writes to all answers that were begun, in turn, on a thread of its own."""

    def __init__(self, broker: Broker, words_seconds: float) -> None:
        self._broker = broker
        self._words_seconds = words_seconds
        self._attempts = Attempts(broker)
        self._worker = ThreadWorker(
            QUESTIONS_QUEUE, NAME, broker.connection, self._attempts, lambda job, outcome: None
        )
        self._begun: list[tuple[Attempt, EventWriter, list[str]]] = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def begin(self, jobs: Iterable[JobView]) -> None:
        """Take these questions off the queue and start their answers."""
        queue = self._broker.queues[QUESTIONS_QUEUE]
        for view in jobs:
            self._broker.connection.lrem(queue.key, 1, view.id)
            attempt = self._attempts.begin(self._broker.fetch(view.id), self._worker)
            if attempt is None:
                raise SystemExit(f"question {view.id} is not queued")
            events = EventWriter(self._broker.connection, view.id, attempt.number)
            events.stage(Stage.GENERATING)
            self._begun.append((attempt, events, []))

    def start(self) -> None:
        self._report()
        self._thread.start()

    def finish_all(self) -> None:
        for attempt, events, parts in self._begun:
            events.close()
            self._attempts.finish(attempt, self._worker, Answer("".join(parts)).to_dict())
        self._begun = []

    def close(self) -> None:
        self._ends.set()
        self._thread.join()

    def _write(self) -> None:
        """Each answer gets words once in `words_seconds`, evenly spread over that time."""
        words, number = WORDS.split(" "), 0
        while not self._ends.is_set():
            began, begun = time.monotonic(), self._begun
            for index, (_attempt, events, parts) in enumerate(begun):
                due = began + self._words_seconds * index / len(begun)
                self._ends.wait(max(0.0, due - time.monotonic()))
                part = f"{words[number % len(words)]} "
                parts.append(part)
                events.text(part)
            number += 1
            self._report()
            self._ends.wait(max(0.0, began + self._words_seconds - time.monotonic()))

    def _report(self) -> None:
        """Say that a worker is alive, as one does."""
        now = time.time()
        report = WorkerReport(
            NAME,
            now,
            queues=(QUESTIONS_QUEUE,),
            threads=len(self._begun),
            running=len(self._begun),
            chat_model="stub",
            threads_by_queue={QUESTIONS_QUEUE: len(self._begun)},
        )
        with self._broker.connection.pipeline() as pipeline:
            text = json.dumps(asdict(report))
            pipeline.set(worker_key(NAME), text, ex=int(WORKER_ALIVE_SECONDS))
            pipeline.zadd(WORKERS_KEY, {NAME: now})
            pipeline.execute()
