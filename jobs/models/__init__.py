"""The domain as plain data. No behaviour that needs a service lives here.

    answers     an answer, its passages, citations and quotes, what it took
    documents   a document, who sees it, the state of the index
    failures    why a job failed, and the failed jobs as operators see them
    json_types  how the others are made of what was stored as JSON
    questions   a question, its job's state and stage, pages of jobs, estimates, live text
    workers     what worker processes report of themselves

Import from here.
"""

from __future__ import annotations

from jobs.models.answers import (
    Answer,
    CheckedFigure,
    CheckedQuote,
    Citation,
    DoubtfulSentence,
    FigureOrigin,
    Passage,
    Searched,
    SupportLevel,
    Timings,
    TokenUse,
)
from jobs.models.documents import (
    SAMPLES_USER,
    SHELL_USER,
    Document,
    DocumentCard,
    DocumentPage,
    DocumentStatus,
    IndexState,
    Visibility,
)
from jobs.models.failures import DeadLetter, DeadLetterPage, Failure
from jobs.models.json_types import from_json
from jobs.models.questions import (
    MAX_TURNS,
    Eta,
    Feedback,
    JobPage,
    JobState,
    JobView,
    LiveText,
    Question,
    Stage,
)
from jobs.models.workers import WorkerReport

__all__ = [
    "MAX_TURNS",
    "SAMPLES_USER",
    "SHELL_USER",
    "Answer",
    "CheckedFigure",
    "CheckedQuote",
    "Citation",
    "DeadLetter",
    "DeadLetterPage",
    "Document",
    "DocumentCard",
    "DocumentPage",
    "DocumentStatus",
    "DoubtfulSentence",
    "Eta",
    "Failure",
    "Feedback",
    "FigureOrigin",
    "IndexState",
    "JobPage",
    "JobState",
    "JobView",
    "LiveText",
    "Passage",
    "Question",
    "Searched",
    "Stage",
    "SupportLevel",
    "Timings",
    "TokenUse",
    "Visibility",
    "WorkerReport",
    "from_json",
]
