"""QuestionSets: what operators do with question sets. It checks no right: pages and API do.

It talks to Valkey alone. A run is a batch, which workers ask; `jobs.question_sets.finisher` has
them judge its answers. Each method raises BrokerUnavailableError when Valkey is away.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from contextlib import suppress

import structlog

from jobs.batches.client import BatchClient
from jobs.batches.models import Batch
from jobs.batches.spreadsheet import Sheet, lines_of
from jobs.documents.repository import DocumentRepository
from jobs.errors import InvalidQuestionSetError, InvalidStateError, NotFoundError
from jobs.question_sets.comparison import Compared, compare_runs
from jobs.question_sets.models import (
    RUNS_USER,
    Expectation,
    QuestionSet,
    Run,
    RunProgress,
    RunResult,
    SetQuestion,
)
from jobs.question_sets.repository import QuestionSetRepository
from jobs.question_sets.thumbs import rated_questions
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.connection import broker_errors
from jobs.queue.memory import MemoryReserve

log = structlog.get_logger(__name__)

MAX_SETS = 50
MAX_RUNS = 10  # of one set
MAX_QUESTIONS = 1000  # of one set
NAME_CHARS = 100
DOCUMENT_CHARS = 200
WORDS_CHARS = 1000
MAX_PAGES = 100
# What Valkey keeps of a question, and of what a run made of it; an estimate.
QUESTION_BYTES, RESULT_BYTES = 500, 2500
NO_SET = "There is no such question set. It may have been deleted."
NO_RUN = "There is no such run. It may have been deleted."


class QuestionSets:
    """The question sets of the installation, which all operators see."""

    def __init__(self, broker: Broker, jobs: JobClient, batches: BatchClient) -> None:
        self._settings = broker.settings
        self._repository = QuestionSetRepository(broker.connection)
        self._register = DocumentRepository(broker.connection)
        self._memory = MemoryReserve(broker.connection)
        self._jobs = jobs
        self._batches = batches

    def list_sets(self) -> list[QuestionSet]:
        """Return all sets, the newest first; two round trips."""
        with broker_errors():
            return self._repository.list_sets()

    def get(self, set_id: str) -> QuestionSet:
        """Return one set; raises NotFoundError."""
        with broker_errors():
            found = self._repository.get_set(set_id)
        if found is None:
            raise NotFoundError(NO_SET)
        return found

    def questions(self, set_id: str) -> list[SetQuestion]:
        """Return the questions of a set, in order; raises NotFoundError."""
        self.get(set_id)
        with broker_errors():
            return self._repository.questions(set_id)

    def add(self, user: str, name: str, questions: Sequence[SetQuestion]) -> QuestionSet:
        """Keep a new set; raises InvalidQuestionSetError, InvalidStateError or
        BrokerNearlyFullError.
        """
        self._check(questions)
        kinds = [question.expected.kind for question in questions]
        made = QuestionSet(
            id=uuid.uuid4().hex,
            name=" ".join(name.split())[:NAME_CHARS] or "Questions",
            made_by=user,
            made_at=time.time(),
            questions=len(questions),
            evidence=kinds.count(Expectation.EVIDENCE),
            refusals=kinds.count(Expectation.REFUSAL),
        )
        with broker_errors():
            self._memory.expect(QUESTION_BYTES * len(questions))
            if not self._repository.add_set(made, questions, MAX_SETS):
                raise InvalidStateError(
                    f"There are {MAX_SETS} question sets, which is the most. Delete one first."
                )
        log.info("question set added", set_id=made.id, user=user, questions=len(questions))
        return made

    def add_rated(self, user: str, name: str) -> QuestionSet:
        """Make a set of the questions whose answers this user has rated; as `add`."""
        questions = rated_questions(self._jobs, user, MAX_QUESTIONS)
        if not questions:
            raise InvalidQuestionSetError(
                "You have rated no answers yet. Say below an answer whether it was useful, then "
                "make the set."
            )
        return self.add(user, name, questions)

    def delete(self, set_id: str) -> None:
        """Remove a set with its runs; raises NotFoundError."""
        self.get(set_id)
        with broker_errors():
            runs = self._repository.delete_set(set_id)
        for run in runs:
            self._delete_batch(run)
        log.info("question set deleted", set_id=set_id)

    def start(self, set_id: str, user: str, model: str = "") -> Run:
        """Ask all questions of a set, as a batch, none answered from an earlier answer.

        `model` is a chat model that is offered, "" for the configured one. The shared documents
        are asked alone. Raises NotFoundError, InvalidStateError if the set has too many runs,
        and what `jobs.batches.client.BatchClient.submit` raises.
        """
        chosen, questions = self.get(set_id), self.questions(set_id)
        runs = self.list_runs(set_id)
        if len(runs) >= MAX_RUNS:
            raise self._too_many_runs()
        run_id = uuid.uuid4().hex
        # Without the id in it, the same questions would be the same batch.
        rows = [("Question", f"Run {run_id}"), *((each.text, each.id) for each in questions)]
        lines = lines_of(chosen.name, Sheet(chosen.name, tuple(rows)), 0, header_row=0)
        with broker_errors():
            self._memory.expect(RESULT_BYTES * len(questions))
            collection = self._register.index_state().active
        batch = self._batches.submit(RUNS_USER, lines, model=model, use_cache=False)
        usual = self._settings.chat_model if self._settings.has_chat_model else ""
        run = Run(
            run_id,
            set_id,
            batch.id,
            started_at=time.time(),
            started_by=user,
            number=max((run.number for run in runs), default=0) + 1,
            model=model or usual,
            collection=collection,
        )
        with broker_errors():
            is_added = self._repository.add_run(run, MAX_RUNS)
        if not is_added:  # somebody else was faster
            self._delete_batch(run)
            self.get(set_id)
            raise self._too_many_runs()
        log.info("run of a question set started", set_id=set_id, run_id=run_id, user=user)
        return run

    def list_runs(self, set_id: str) -> list[Run]:
        """Return the runs of a set, the newest first; two round trips."""
        with broker_errors():
            return self._repository.list_runs(set_id)

    def progress(self, run: Run, questions: int) -> RunProgress:
        """Return how far a run of so many questions is."""
        if run.is_over:
            return RunProgress(run, questions, questions)
        batch = self._batch(run)
        if batch is None or not batch.rows:
            return RunProgress(run, 0, questions)
        # The batch asks each question once, however many rows of the set do.
        return RunProgress(run, questions * batch.over // batch.rows, questions)

    def get_run(self, set_id: str, run_id: str) -> Run:
        """Return one run of a set; raises NotFoundError."""
        with broker_errors():
            run = self._repository.get_run(run_id)
        if run is None or run.set_id != set_id:
            raise NotFoundError(NO_RUN)
        return run

    def results(self, set_id: str, run_id: str) -> list[RunResult]:
        """Return what came of each question, nothing before the end; raises NotFoundError."""
        self.get_run(set_id, run_id)
        with broker_errors():
            return self._repository.results(run_id)

    def stop(self, set_id: str, run_id: str) -> None:
        """Ask no more questions of a run; it ends with those that were answered."""
        run = self.get_run(set_id, run_id)
        if run.is_over or self._batch(run) is None:
            raise InvalidStateError("This run is already over.")
        self._batches.stop(RUNS_USER, run.batch_id)

    def delete_run(self, set_id: str, run_id: str) -> None:
        """Remove a run with its results; raises NotFoundError."""
        run = self.get_run(set_id, run_id)
        with broker_errors():
            self._repository.delete_run(run)
        self._delete_batch(run)

    def compare(self, set_id: str, before_id: str, after_id: str) -> list[Compared]:
        """Return what the second run made of each question beside the first.

        Raises NotFoundError, and InvalidStateError while one of them is not over.
        """
        runs = [self.get_run(set_id, run_id) for run_id in (before_id, after_id)]
        if not all(run.is_over for run in runs):
            raise InvalidStateError("A run can be compared when it is over. Wait, or stop it.")
        before, after = (self.results(set_id, run.id) for run in runs)
        return compare_runs(self.questions(set_id), before, after)

    def _check(self, questions: Sequence[SetQuestion]) -> None:
        most = min(MAX_QUESTIONS, self._settings.batch_max_rows)
        if not questions:
            raise InvalidQuestionSetError()
        if len(questions) > most:
            raise InvalidQuestionSetError(
                f"These are {len(questions):,} questions; the most is {most:,}. Split them."
            )
        for number, question in enumerate(questions, start=1):
            expected = question.expected
            for what, size, longest in (
                ("text", len(question.text), self._settings.max_question_chars),
                ("id", len(question.id), NAME_CHARS),
                ("document", len(expected.document), DOCUMENT_CHARS),
                ("words", len(expected.words), WORDS_CHARS),
            ):
                if size > longest:
                    raise InvalidQuestionSetError(
                        f"Question {number:,}: its {what} has {size:,} characters; the most is "
                        f"{longest:,}. Shorten it."
                    )
            if len(expected.pages) > MAX_PAGES:
                raise InvalidQuestionSetError(
                    f"Question {number:,} has {len(expected.pages):,} pages; the most is "
                    f"{MAX_PAGES}."
                )

    def _too_many_runs(self) -> InvalidStateError:
        return InvalidStateError(
            f"This set has {MAX_RUNS} runs, which is the most. Delete one first."
        )

    def _batch(self, run: Run) -> Batch | None:
        try:
            return self._batches.get(RUNS_USER, run.batch_id)
        except NotFoundError:
            return None

    def _delete_batch(self, run: Run) -> None:
        with suppress(NotFoundError):
            self._batches.delete(RUNS_USER, run.batch_id)
