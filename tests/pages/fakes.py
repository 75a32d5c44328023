"""In-memory stand-ins for the clients: as the pages see them, with jobs that tests script."""

from __future__ import annotations

import base64
import hashlib
import itertools
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from jobs.access.sign_in_brake import SignInBrake
from jobs.documents.ids import document_id_of
from jobs.documents.page_images import PageImage
from jobs.documents.quota import Storage
from jobs.errors import AskqueueError, InvalidStateError, InvalidUploadError, NotFoundError
from jobs.models import (
    Answer,
    Citation,
    DeadLetter,
    DeadLetterPage,
    Document,
    DocumentPage,
    DocumentStatus,
    Eta,
    Failure,
    Feedback,
    IndexState,
    JobPage,
    JobState,
    JobView,
    LiveText,
    Question,
    Timings,
    TokenUse,
    Visibility,
    WorkerReport,
)
from jobs.operations.client import Overview, QueueState, Span
from jobs.operations.metrics import Period, Tally
from jobs.questions.client import JobAnswers
from jobs.questions.query import JobOrder, JobQuery, fold
from jobs.questions.wait_reason import Waiting, why_waiting
from jobs.queue.pauses import Pause
from jobs.settings import QUEUE_NAMES, Settings
from tests.pages.fake_batches import FakeBatches
from tests.pages.fake_glossary import FakeGlossary
from ui.clients import Conditions

USER = "b-alice"
ANSWER = Answer(
    text="The hotel limit is **EUR 160** per night [1].",
    citations=(
        Citation(
            1, "d1", "travel-policy.docx", "p1", "The limit is EUR 160 per night.", 4, 5, 0.87
        ),
    ),
    timings=Timings(queue=0.012, retrieval=0.034, first_token=0.4, total=2.5),
    tokens=TokenUse(1640, 61),
    model="stub-model",
)
ONE_POINT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
BAD_KEY = Failure("bad_api_key", "The model server refused the API key.")


class FakeJobs:
    """JobClient in memory. `error`, if set, is raised by every call, `submit_error` by one."""

    def __init__(self) -> None:
        self.jobs: dict[str, JobView] = {}
        self.answers: dict[str, Answer] = {}
        self.partials: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.in_parts: dict[str, tuple[str, ...]] = {}
        self.deleted: dict[str, JobView] = {}
        self.etas: dict[str, Eta] = {}
        self.paused = False
        self.reports = [WorkerReport("worker-1", time.time())]
        self.submitted_ids: list[str] = []
        self.error: AskqueueError | None = None
        self.submit_error: AskqueueError | None = None
        self.urgent_error: AskqueueError | None = None
        self.calls: list[tuple[str, str]] = []
        self._numbers: Iterator[int] = itertools.count(1)

    def put(
        self,
        asked: str | Question,
        state: JobState,
        *,
        user: str = USER,
        age_seconds: float = 60,
        **fields: object,
    ) -> str:
        """Script a job; newer ones are put later. Returns its id."""
        question = Question(asked) if isinstance(asked, str) else asked
        number = next(self._numbers)
        job_id = f"job-{number}"
        asked_at = time.time() - age_seconds + number / 1000
        view = JobView(job_id, user, question, state, asked_at, queued_at=asked_at, thread=job_id)
        if state in (JobState.STARTED, JobState.FINISHED, JobState.FAILED):
            view = replace(view, started_at=asked_at + 0.01, attempt=1)
        if state.is_over:
            view = replace(view, ended_at=asked_at + 2.5)
        self.jobs[job_id] = replace(view, **fields)
        if state is JobState.FINISHED:
            self.answers[job_id] = ANSWER
        return job_id

    def change(self, job_id: str, **fields: object) -> None:
        self.jobs[job_id] = replace(self.jobs[job_id], **fields)

    def submit(
        self, user: str, question: Question, *, job_id: str = "", urgent: bool = False
    ) -> JobView:
        self.submitted_ids.append(job_id)
        self._called("submit", question.text)
        if self.submit_error is not None:
            raise self.submit_error
        first = self.get_job(user, question.version_of) if question.version_of else None
        thread = first.thread if first else ""
        new = self.put(
            question, JobState.QUEUED, user=user, age_seconds=0, urgent=urgent, position=1
        )
        self.change(new, thread=thread or new)
        return self.jobs[new]

    def list_versions(self, user: str, job: JobView) -> list[JobView]:
        found = (each for each in self.jobs.values() if each.thread == job.thread)
        return sorted(found, key=lambda each: each.asked_at)

    def list_earlier(self, user: str, job: JobView) -> list[JobView]:
        earlier: list[JobView] = []
        while job.asked.follows in self.jobs:
            job = self.jobs[job.asked.follows]
            earlier.insert(0, job)
        return earlier

    def get_job(self, user: str, job_id: str) -> JobView:
        self._called("get", job_id)
        job = self.jobs.get(job_id)
        if job is None or job.user != user:
            raise NotFoundError()
        return job

    def estimate(self, job: JobView) -> Eta | None:
        return self.etas.get(job.id)

    def is_paused(self) -> bool:
        return self.paused

    def why_waiting(self, job: JobView) -> Waiting | None:
        return why_waiting(job, is_paused=self.paused, has_worker=bool(self.reports))

    def make_urgent(self, user: str, job_id: str) -> JobView:
        self._called("urgent", job_id)
        if self.urgent_error is not None:
            raise self.urgent_error
        self.change(job_id, urgent=True, position=1)
        return self.jobs[job_id]

    def list_jobs(
        self,
        user: str,
        query: JobQuery | None = None,
        *,
        offset: int = 0,
        limit: int = 50,
    ) -> JobPage:
        self._called("list", query.text if query else "")
        found = [self.jobs[job_id] for job_id in self._matching(user, query or JobQuery())]
        return JobPage(tuple(found[offset : offset + limit]), len(found))

    def count_jobs(self, user: str) -> int:
        return len(self._matching(user, JobQuery()))

    def find_jobs(self, user: str, query: JobQuery) -> list[str]:
        self._called("find", query.text)
        return self._matching(user, query)

    def read_jobs(self, user: str, job_ids: Sequence[str]) -> list[JobView]:
        return [self.jobs[job_id] for job_id in job_ids if job_id in self.jobs]

    def answers_of(self, user: str, job_ids: Sequence[str]) -> JobAnswers:
        return [(job, self.answers.get(job.id)) for job in self.read_jobs(user, job_ids)]

    def _matching(self, user: str, query: JobQuery) -> list[str]:
        def fits(job: JobView) -> bool:
            answer = self.answers.get(job.id)
            text = fold(f"{job.asked.text} {answer.text if answer else ''}")
            cited = [each.document_id for each in answer.citations] if answer else []
            return (
                job.user == user
                and (not query.states or job.state in query.states)
                and all(word in text for word in query.words)
                and (query.asked_from is None or job.asked_at >= query.asked_from)
                and (query.asked_until is None or job.asked_at < query.asked_until)
                and (not query.document_id or query.document_id in cited)
            )

        orders = {
            JobOrder.NEWEST: lambda job: -job.asked_at,
            JobOrder.OLDEST: lambda job: job.asked_at,
            JobOrder.LONGEST_WAIT: lambda job: -(job.waited_seconds or 0),
            JobOrder.LONGEST_RUN: lambda job: -(job.took_seconds or 0),
        }
        return [job.id for job in sorted(self.jobs.values(), key=orders[query.order]) if fits(job)]

    def get_answer(self, user: str, job_id: str) -> Answer | None:
        self.get_job(user, job_id)
        return self.answers.get(job_id)

    def get_partial_text(self, user: str, job_id: str) -> str:
        self.get_job(user, job_id)
        return self.partials.get(job_id, "")

    def give_feedback(self, user: str, job_id: str, feedback: Feedback | None) -> JobView:
        self._called("feedback", job_id)
        self.change(job_id, feedback=feedback)
        return self.jobs[job_id]

    def read_live(self, user: str, live: LiveText) -> tuple[JobView, LiveText]:
        job = self.get_job(user, live.job_id)
        text, parts = self.texts.get(live.job_id, ""), self.in_parts.get(live.job_id, ())
        return job, replace(live, stage=job.stage, text=text, in_parts=parts)

    def retry(self, user: str, job_id: str) -> JobView:
        self._called("retry", job_id)
        if not self.get_job(user, job_id).state.can_retry:
            raise InvalidStateError("Only a failed or stopped question can be retried.")
        self.change(job_id, state=JobState.QUEUED, failure=None, queued_at=time.time(), position=1)
        return self.jobs[job_id]

    def stop(self, user: str, job_id: str) -> JobView:
        self._called("stop", job_id)
        if self.get_job(user, job_id).state.is_over:
            raise InvalidStateError("This question is already over.")
        self.change(job_id, state=JobState.STOPPED, ended_at=time.time())
        return self.jobs[job_id]

    def delete(self, user: str, job_id: str) -> bool:
        self._called("delete", job_id)
        if not self.get_job(user, job_id).state.is_over:
            raise InvalidStateError("Stop this question before deleting it.")
        self.deleted[job_id] = self.jobs.pop(job_id)
        return True

    def undo_deletion(self, user: str, job_id: str) -> JobView:
        self._called("undo", job_id)
        if job_id not in self.deleted:
            raise NotFoundError()
        self.jobs[job_id] = self.deleted.pop(job_id)
        return self.jobs[job_id]

    def workers(self) -> list[WorkerReport]:
        self._called("workers", "")
        return self.reports

    def done(self, call: str) -> list[str]:
        """The arguments of every call of this name."""
        return [argument for name, argument in self.calls if name == call]

    def _called(self, call: str, argument: str) -> None:
        self.calls.append((call, argument))
        if self.error is not None:
            raise self.error


class FakePictures:
    """Pictures in memory: a page is one grey point. `error`, if set, is raised by every drawing."""

    def __init__(self) -> None:
        self.drawn: list[tuple[str, int]] = []
        self.share = 1.0
        self.gone = False
        self.error: AskqueueError | None = None

    def has_original(self, document_id: str, name: str) -> bool:
        return not self.gone

    def draw(
        self, document_id: str, name: str, page: int, passage: str, *, user: str = ""
    ) -> PageImage:
        self.drawn.append((name, page))
        if self.error is not None:
            raise self.error
        return PageImage(ONE_POINT, 9, self.share)


class FakeDocuments:
    """DocumentClient in memory. To `find`, all documents are there but those in `deleted`."""

    def __init__(self) -> None:
        self.deleted: set[str] = set()
        self.indexed_at: dict[str, float] = {}
        self.found: list[Sequence[str]] = []
        self.entries: dict[str, Document] = {}
        self.index = IndexState()
        self.reindexing = False
        self.error: AskqueueError | None = None

    def put(
        self, name: str, status: DocumentStatus = DocumentStatus.INDEXED, **fields: object
    ) -> str:
        """Script a document; returns its id."""
        document_id = hashlib.sha256(name.encode()).hexdigest()
        document = Document(
            document_id, name, 4200, status=status, added_at=time.time(), added_by=USER
        )
        self.entries[document_id] = replace(document, **fields)
        return document_id

    def find(self, ids: Sequence[str], user: str = "") -> Sequence[Document]:
        self.found.append(ids)
        if self.error is not None:
            raise self.error
        return [
            Document(id_, f"{id_}.md", 1, indexed_at=self.indexed_at.get(id_, 0.0))
            for id_ in ids
            if id_ not in self.deleted
        ]

    def add(
        self,
        user: str,
        name: str,
        data: bytes,
        visibility: Visibility = Visibility.SHARED,
        *,
        container: Document | None = None,
    ) -> tuple[Document, bool]:
        if not data:
            raise InvalidUploadError(f"“{name}” is empty.")
        owner = user if visibility is Visibility.PRIVATE else ""
        document_id = document_id_of(data, owner)
        if document_id in self.entries:
            return self.entries[document_id], False
        document = Document(
            document_id, name, len(data), added_at=time.time(), added_by=user, owner=owner
        )
        self.entries[document_id] = document
        return document, True

    def list_documents(self, user: str = "", limit: int = 500) -> list[Document]:
        if self.error is not None:
            raise self.error
        return [each for each in self.entries.values() if each.owner in ("", user)]

    def page(self, user: str = "", offset: int = 0, limit: int = 100) -> DocumentPage:
        found = self.list_documents(user)
        return DocumentPage(tuple(found[offset : offset + limit]), len(found))

    def storage(self, user: str) -> Storage:
        own = [each for each in self.entries.values() if each.added_by == user]
        return Storage(sum(each.size for each in own), 1_000_000_000, len(own), 5000)

    def get(self, document_id: str, user: str = "") -> Document:
        if document_id not in self.entries:
            raise NotFoundError("There is no such document.")
        return self.entries[document_id]

    def delete(self, user: str, document_id: str, *, is_operator: bool = False) -> None:
        del self.entries[self.get(document_id).id]

    def index_again(self, user: str, document_id: str, *, is_operator: bool = False) -> Document:
        self.entries[document_id] = replace(
            self.get(document_id), status=DocumentStatus.QUEUED, failure=None
        )
        return self.entries[document_id]

    def index_all_again(self) -> IndexState:
        self.reindexing = True
        self.index = replace(self.index, reindex_job_id="reindex-1", reindexed=0)
        return self.index

    def index_state(self) -> IndexState:
        if self.error is not None:
            raise self.error
        return self.index

    def is_reindexing(self) -> bool:
        return self.reindexing


class FakeDeadLetters:
    """DeadLetters in memory."""

    def __init__(self) -> None:
        self.entries: dict[str, DeadLetter] = {}
        self.error: AskqueueError | None = None
        self.requeued: list[str] = []

    def put(self, failure: Failure = BAD_KEY, **fields: object) -> str:
        """Script a failed job, newer than those before; returns its id."""
        number = len(self.entries) + len(self.requeued) + 1
        entry = DeadLetter(
            f"dead-{number}",
            "questions",
            "Answer a question",
            failure,
            attempts=1,
            failed_at=time.time() - 600 + number,
        )
        self.entries[entry.job_id] = replace(entry, **fields)
        return entry.job_id

    def list_failed(self, kind: str = "", offset: int = 0, limit: int = 50) -> DeadLetterPage:
        if self.error is not None:
            raise self.error
        newest = sorted(self.entries.values(), key=lambda entry: -entry.failed_at)
        found = [entry for entry in newest if kind in ("", entry.failure.kind)]
        return DeadLetterPage(tuple(found[offset : offset + limit]), len(found), self.kinds())

    def kinds(self) -> Mapping[str, int]:
        if self.error is not None:
            raise self.error
        return dict(Counter(entry.failure.kind for entry in self.entries.values()).most_common())

    def requeue(self, job_id: str) -> bool:
        if self.error is not None:
            raise self.error
        if self.entries.pop(job_id, None) is None:
            return False
        self.requeued.append(job_id)
        return True

    def requeue_all(self, kind: str = "") -> int:
        return sum(
            self.requeue(entry.job_id) for entry in self.list_failed(kind, limit=9999).entries
        )


class FakeOperations:
    """Operations in memory: what is counted is of the span that is not over yet."""

    def __init__(self) -> None:
        self.now = Overview(
            queues=tuple(QueueState(name, 0, None, 0, 0, 0) for name in QUEUE_NAMES),
            running=(),
            workers=(WorkerReport("worker-1", time.time(), QUEUE_NAMES, threads=22),),
            held_back=0,
            suspended=False,
        )
        self.pauses: dict[str, Pause] = {}
        self.counts: dict[str, int] = {}
        self.error: AskqueueError | None = None

    def change_queue(self, name: str, **fields: object) -> None:
        """Script the state of a queue."""
        queues = (replace(q, **fields) if q.name == name else q for q in self.now.queues)
        self.now = replace(self.now, queues=tuple(queues))

    def overview(self) -> Overview:
        self._check()
        queues = (replace(q, pause=self.pauses.get(q.name)) for q in self.now.queues)
        return replace(self.now, queues=tuple(queues))

    def spans(self, period: Period) -> Sequence[Span]:
        self._check()
        *before, last = period.starts(time.time())
        return [*(Span(start, Tally({})) for start in before), Span(last, Tally(self.counts))]

    def paused(self) -> Mapping[str, Pause]:
        self._check()
        return dict(self.pauses)

    def pause(self, queue: str, by: str) -> bool:
        self._check()
        self.pauses[queue] = Pause(queue, by, time.time())
        return True

    def resume(self, queue: str, by: str) -> bool:
        self._check()
        return self.pauses.pop(queue, None) is not None

    def _check(self) -> None:
        if self.error is not None:
            raise self.error


@dataclass
class FakeClients:
    """What `ui.clients.get_clients` returns in these tests."""

    settings: Settings
    jobs: FakeJobs = field(default_factory=FakeJobs)
    documents: FakeDocuments = field(default_factory=FakeDocuments)
    dead_letters: FakeDeadLetters = field(default_factory=FakeDeadLetters)
    batches: FakeBatches = field(default_factory=FakeBatches)
    pictures: FakePictures = field(default_factory=FakePictures)
    operations: FakeOperations = field(default_factory=FakeOperations)
    glossary: FakeGlossary = field(default_factory=FakeGlossary)
    sign_ins: SignInBrake = field(default_factory=SignInBrake)

    def conditions(self) -> Conditions:
        index, pauses = self.documents.index_state(), self.operations.paused()
        return Conditions(tuple(self.jobs.workers()), index, pauses)
