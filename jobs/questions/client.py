"""JobClient: what pages and programs may do with questions. It enforces ownership.

It talks to Valkey alone. Each method raises BrokerUnavailableError when Valkey is away.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias, cast

import structlog
from redis.client import Pipeline

from jobs.documents.repository import DocumentRepository
from jobs.errors import (
    BrokerFullError,
    InvalidFeedbackError,
    InvalidQuestionError,
    InvalidStateError,
    NotFoundError,
)
from jobs.models import (
    MAX_TURNS,
    Answer,
    Eta,
    Feedback,
    JobPage,
    JobState,
    JobView,
    LiveText,
    Question,
    WorkerReport,
)
from jobs.questions.cursor import JobPager, PageAfter
from jobs.questions.eta import EtaEstimator
from jobs.questions.event_stream import apply_events
from jobs.questions.ids import new_job_id
from jobs.questions.lifecycle import Lifecycle
from jobs.questions.query import JobQuery
from jobs.questions.rate_limit import Rate, RateLimiter
from jobs.questions.repository import JobRepository, read_job, to_view
from jobs.questions.search import JobSearch, with_position
from jobs.questions.soft_delete import UNDO_KEPT_SECONDS, SoftDeletion
from jobs.questions.validation import check, normalized
from jobs.questions.wait_reason import Waiting, why_waiting
from jobs.queue.broker import Broker
from jobs.queue.connection import broker_errors
from jobs.queue.keys import events_key, queue_key, thread_key
from jobs.queue.memory import MemoryReserve
from jobs.queue.results import read_answers
from jobs.queue.rq_internals import results_key
from jobs.queue.workers import living_workers
from jobs.settings import QUESTIONS_QUEUE

log = structlog.get_logger(__name__)

EVENTS_PER_READ = 5000
MAX_REASON_CHARS = 1000
WAIT_SLICE_SECONDS = 1.0
# A longer question is refused first when Valkey is nearly full.
LARGE_CHARS = 1000


JobAnswers: TypeAlias = "list[tuple[JobView, Answer | None]]"


class JobClient:
    """The questions of all users; every call names the user who makes it.

    A job of another user is NotFoundError, like one that does not exist.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._connection = broker.connection
        self._lifecycle = Lifecycle(broker)
        self._records = JobRepository(broker.connection, broker.settings.retention_seconds)
        self._deletions = SoftDeletion(broker)
        self._memory = MemoryReserve(broker.connection)
        self._full_until = 0.0  # on the monotonic clock
        self._search = JobSearch(broker)
        self._register = DocumentRepository(broker.connection)
        self._etas = EtaEstimator(broker, self.workers)
        self._pager = JobPager(broker, self._search)
        self._rates = RateLimiter(broker.connection, broker.settings)

    def submit(
        self, user: str, question: Question, *, job_id: str = "", urgent: bool = False
    ) -> JobView:
        """Put a question on the queue. It is accepted when this returns.

        A caller that got no reply, and so cannot know whether the question was accepted, calls
        again with the same `job_id` (from `new_job_id`): it is asked once. An `urgent` question
        goes before all that are not. The view has the question with its documents in order of id,
        each once, and without white space around its text.

        Raises InvalidQuestionError if the text is empty or longer than `MAX_QUESTION_CHARS`, or if
        another question was asked with this id; UnknownDocumentsError or ModelNotOfferedError;
        NotFoundError if the question that it follows, or is a version of, is not there; and
        TooManyQuestionsError or TooManyUrgentError; QuestionsExceededError if the user keeps too
        many, and BrokerNearlyFullError for a long one if Valkey is. Then nothing is accepted.
        """
        asked = normalized(question)
        view = self._find(user, job_id) if job_id and asked != Question(asked.text) else None
        if view is None:
            check(asked, user, self._broker.settings, self._register)
            thread = self._thread_of(user, asked)
            job_id = job_id or new_job_id()
            if len(asked.text) > LARGE_CHARS:
                with broker_errors():
                    self._memory.expect(0)
            with self._noticing_full(), broker_errors():
                self._rates.spend(user, job_id, urgent=urgent)
                self._lifecycle.submit(job_id, user, asked, thread=thread, urgent=urgent)
            view = self.get_job(user, job_id)
        if view.asked != asked:
            raise InvalidQuestionError("This key was used for another question. Use a new one.")
        log.info("question accepted", job_id=view.id, user=user, urgent=urgent)
        return view

    def get_job(self, user: str, job_id: str) -> JobView:
        """One job; raises NotFoundError."""
        with broker_errors():
            pipeline = self._connection.pipeline(transaction=False)
            return self._read_one(pipeline, user, job_id)[0]

    def list_versions(self, user: str, job: JobView) -> list[JobView]:
        """All versions of a question of this user, itself included, the first one first.

        One round trip for a question that is its only version, else two.
        """
        with broker_errors():
            ids = cast("list[bytes]", self._connection.zrange(thread_key(job.thread), 0, -1))
            views = self._search.read(user, [id_.decode() for id_ in ids])
        if all(view.id != job.id for view in views):
            views.append(job)
        return sorted(views, key=lambda view: (view.asked_at, view.id))

    def list_earlier(self, user: str, job: JobView) -> list[JobView]:
        """The questions that this one follows up, at most `MAX_TURNS` of them, the oldest first.

        One round trip for each.
        """
        earlier: list[JobView] = []
        while job.asked.follows and len(earlier) < MAX_TURNS:
            try:
                job = self.get_job(user, job.asked.follows)
            except NotFoundError:
                break
            earlier.insert(0, job)
        return earlier

    def estimate(self, job: JobView) -> Eta | None:
        """When this job, as it was just read, will be done; None if that is not known.

        It is known of queued, waiting and started ones, after some were finished; while the queue
        is paused, of started ones alone.
        """
        if job.state not in (JobState.QUEUED, JobState.WAITING, JobState.STARTED):
            return None
        with broker_errors():
            return self._etas.estimate(job.id, job.queued_at or job.asked_at)

    def is_paused(self) -> bool:
        """True while an operator holds the queue of questions; up to a second late."""
        with broker_errors():
            return self._etas.is_paused()

    def why_waiting(self, job: JobView) -> Waiting | None:
        """What this job, as it was just read, waits for; None if it runs or is over."""
        if job.state.is_over or job.state is JobState.STARTED:
            return None
        with broker_errors():
            is_paused, has_worker = self._etas.is_paused(), self._etas.has_worker()
        return why_waiting(job, is_paused=is_paused, has_worker=has_worker)

    def list_jobs(
        self,
        user: str,
        query: JobQuery | None = None,
        *,
        offset: int = 0,
        limit: int = 50,
    ) -> JobPage:
        """A page of the user's jobs that match the query, all without one; newest first.

        At most 3 round trips, however many jobs there are; 4 if it takes a look at all of them.
        """
        with broker_errors():
            return self._search.page(user, query or JobQuery(), offset, limit)

    def count_jobs(self, user: str) -> int:
        """How many jobs the user has; one round trip."""
        with broker_errors():
            return self._search.count(user)

    def find_jobs(self, user: str, query: JobQuery) -> list[str]:
        """The ids of all the user's jobs that match, in the order asked for; two round trips."""
        with broker_errors():
            return self._search.find(user, query)

    def read_jobs(self, user: str, job_ids: Sequence[str]) -> list[JobView]:
        """Those of these jobs that are the user's, in this order; at most two round trips."""
        with broker_errors():
            return self._search.read(user, job_ids)

    def list_after(
        self, user: str, query: JobQuery, cursor: str = "", limit: int = 50
    ) -> PageAfter:
        """The page that follows a cursor, for programs that read all; raises InvalidCursorError."""
        with broker_errors():
            return self._pager.page(user, query, cursor, limit)

    def get_answer(self, user: str, job_id: str) -> Answer | None:
        """The answer, or None unless the job is finished."""
        if self.get_job(user, job_id).state is not JobState.FINISHED:
            return None
        with broker_errors():
            return read_answers(self._connection, [job_id])[0]

    def answers_of(self, user: str, job_ids: Sequence[str]) -> JobAnswers:
        """Those of these questions that are the user's, each with its answer or None."""
        return self._with_answers(self.read_jobs(user, job_ids))

    def get_partial_text(self, user: str, job_id: str) -> str:
        """What a stopped or failed job had written; "" if nothing."""
        self.get_job(user, job_id)
        with broker_errors():
            return self._records.partial(job_id)

    def read_live(self, user: str, live: LiveText) -> tuple[JobView, LiveText]:
        """The job and its live text, reading on from `live.last_id`; one round trip."""
        with broker_errors():
            pipeline = self._connection.pipeline(transaction=False)
            pipeline.xrange(events_key(live.job_id), f"({live.last_id}", "+", count=EVENTS_PER_READ)
            view, replies = self._read_one(pipeline, user, live.job_id)
        return view, apply_events(live, replies[0])

    def wait(self, user: str, job_id: str, timeout_seconds: float) -> JobView:
        """Block until the job is over or the time is up; returns it as it is then."""
        deadline = time.monotonic() + timeout_seconds
        key = results_key(job_id)
        while True:
            with broker_errors():
                pipeline = self._connection.pipeline(transaction=False)
                pipeline.xrevrange(key, count=1)
                view, replies = self._read_one(pipeline, user, job_id)
                left = deadline - time.monotonic()
                if view.state.is_over or left <= 0:
                    return view
                # RQ writes the result and the status in one transaction, so this wakes up at
                # the moment the job ends. A job that is cancelled has none: hence the slices.
                last_id = replies[0][0][0] if replies[0] else "0-0"
                block_ms = max(1, int(min(left, WAIT_SLICE_SECONDS) * 1000))
                self._connection.xread({key: last_id}, count=1, block=block_ms)

    def retry(self, user: str, job_id: str) -> JobView:
        """Run a failed or stopped question again with all attempts. It counts like a new one.

        Raises InvalidStateError, or TooManyQuestionsError: then it stays as it was.
        """
        can_retry = self.get_job(user, job_id).state.can_retry
        with broker_errors():
            if can_retry:
                self._rates.spend_runs(user)
            if not (can_retry and self._lifecycle.queue_again(job_id)):
                raise InvalidStateError("Only a failed or stopped question can be retried.")
        log.info("question queued again", job_id=job_id, user=user)
        return self.get_job(user, job_id)

    def make_urgent(self, user: str, job_id: str) -> JobView:
        """Let a question that waits go before those that are not urgent.

        Nothing happens to one that is urgent. Raises InvalidStateError, or TooManyUrgentError.
        """
        view = self.get_job(user, job_id)
        if view.urgent and not view.state.is_over:
            return view
        if not view.can_be_urgent:
            raise InvalidStateError(
                "Only a question that waits, and is no row of a batch, can be urgent."
            )
        with broker_errors():
            self._rates.spend_urgent(user)
            if not self._lifecycle.make_urgent(job_id):
                raise InvalidStateError("This question waits no more, so it cannot be made urgent.")
        log.info("question made urgent", job_id=job_id, user=user)
        return self.get_job(user, job_id)

    def rate(self, user: str) -> Rate | None:
        """How many questions the user may still ask in this minute; None without a limit."""
        with broker_errors():
            return self._rates.questions(user)

    def stop(self, user: str, job_id: str) -> JobView:
        """Stop a question wherever it is, at once, keeping its text; raises InvalidStateError.

        A worker that runs it notices within a second.
        """
        self.get_job(user, job_id)
        with broker_errors():
            if not self._lifecycle.stop(job_id):
                raise InvalidStateError("This question is already over.")
        log.info("question stopped", job_id=job_id, user=user)
        return self.get_job(user, job_id)

    def delete(self, user: str, job_id: str) -> bool:
        """Remove a question and its answer; raises InvalidStateError while it is not over.

        It is NotFoundError from then on. For `UNDO_KEPT_SECONDS` this can be undone, and after that
        nothing of it is left. False if Valkey's memory is, or was just now, full: then it goes
        for good at once, so that this makes room.
        """
        self.get_job(user, job_id)
        done = for_good = False
        if time.monotonic() >= self._full_until:
            with suppress(BrokerFullError), self._noticing_full(), broker_errors():
                done = self._deletions.delete(job_id, user)
        if time.monotonic() < self._full_until:
            with broker_errors():
                done = for_good = self._lifecycle.delete(job_id, user)
        if not done:
            raise InvalidStateError("Stop this question before deleting it.")
        log.info("question deleted", job_id=job_id, user=user, for_good=for_good)
        return not for_good

    def undo_deletion(self, user: str, job_id: str) -> JobView:
        """Bring a deleted question back as it was; raises NotFoundError once it is purged."""
        with broker_errors():
            record = self._records.read(job_id)
            if record is None or record.user != user:
                raise NotFoundError()
            if self._deletions.undo(job_id, user):
                log.info("deletion undone", job_id=job_id, user=user)
        return self.get_job(user, job_id)

    def give_feedback(self, user: str, job_id: str, feedback: Feedback | None) -> JobView:
        """Keep what the asker thinks of an answer, until the question is retried; None forgets it.

        Raises InvalidFeedbackError for a reason over `MAX_REASON_CHARS`, InvalidStateError if there
        is no answer.
        """
        if feedback and len(feedback.reason) > MAX_REASON_CHARS:
            raise InvalidFeedbackError(
                f"This reason has {len(feedback.reason):,} characters; the most is "
                f"{MAX_REASON_CHARS:,}. Shorten it."
            )
        self.get_job(user, job_id)
        with broker_errors():
            if not self._lifecycle.note_feedback(job_id, feedback):
                raise InvalidStateError("Only an answer can be rated.")
        return self.get_job(user, job_id)

    def workers(self) -> list[WorkerReport]:
        """The reports of the worker processes that are alive."""
        with broker_errors():
            return living_workers(self._connection)

    @contextmanager
    def _noticing_full(self) -> Iterator[None]:
        try:
            yield
        except BrokerFullError:
            self._full_until = time.monotonic() + UNDO_KEPT_SECONDS
            raise

    def _find(self, user: str, job_id: str) -> JobView | None:
        """The user's question with this id, if there is one."""
        try:
            return self.get_job(user, job_id)
        except NotFoundError:
            return None

    def _thread_of(self, user: str, asked: Question) -> str:
        """The thread of another version, "" for a new question; raises NotFoundError."""
        if asked.follows and self._find(user, asked.follows) is None:
            raise NotFoundError(
                "The question that this one follows up is not there. It may have been deleted, or "
                "be another user's. Ask this one on its own."
            )
        return self.get_job(user, asked.version_of).thread if asked.version_of else ""

    def _read_one(self, pipeline: Pipeline, user: str, job_id: str) -> tuple[JobView, list[Any]]:
        """Run the pipeline with the reads of one job added; its other replies come first."""
        read_job(pipeline, job_id)
        pipeline.lpos(queue_key(QUESTIONS_QUEUE), job_id)
        *replies, rq_values, record_values, position = pipeline.execute()
        view = to_view(job_id, rq_values, record_values)
        if view is None or view.user != user:
            raise NotFoundError()
        return with_position(view, position), replies

    def _with_answers(self, views: Sequence[JobView]) -> JobAnswers:
        finished = [view.id for view in views if view.state is JobState.FINISHED]
        with broker_errors():
            answers = dict(zip(finished, read_answers(self._connection, finished), strict=True))
        return [(view, answers.get(view.id)) for view in views]
