"""What can be asked of a history: the words, filters and order, and how words are compared."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from jobs.models import JobState
from jobs.normalization import normalize

# More words hardly narrow a search down, and each costs time for every question.
MAX_WORDS = 12
# How many characters of an answer can be searched: nearly every answer is shorter.
SEARCHED_CHARS = 8000


class JobOrder(StrEnum):
    """The order of a list of questions. A retry makes a question new again."""

    NEWEST = "newest"
    OLDEST = "oldest"
    LONGEST_WAIT = "wait"  # in the queue
    LONGEST_RUN = "run"  # of the latest attempt


@dataclass(frozen=True)
class JobQuery:
    """Which questions of a user, and in which order. Without a value, a filter keeps all.

    All words of `text` must be in the question or its answer, in any order, as words or parts of
    them, in any case. Times are Unix seconds: asked from `asked_from` and before `asked_until`.
    `document_id` is of a document that the answer cites.
    """

    text: str = ""
    states: frozenset[JobState] = frozenset()
    asked_from: float | None = None
    asked_until: float | None = None
    document_id: str = ""
    order: JobOrder = JobOrder.NEWEST

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the text as they are compared, each once."""
        return tuple(dict.fromkeys(fold(self.text).split()))[:MAX_WORDS]

    @property
    def is_filtered(self) -> bool:
        """False if it keeps every question."""
        times = (self.asked_from, self.asked_until)
        return bool(self.words or self.states or self.document_id or times != (None, None))

    @property
    def reads_all(self) -> bool:
        """True if every question has to be looked at to know the first."""
        return self.is_filtered or self.order in (JobOrder.LONGEST_WAIT, JobOrder.LONGEST_RUN)


def fold(text: str) -> str:
    """The text as it is compared: case, width and the writing of accents do not count."""
    return normalize("NFKC", normalize("NFKC", text).casefold())
