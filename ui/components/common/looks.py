"""The word, icon and colour of each state of questions and documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jobs.models import DocumentStatus, JobState, Stage

Color = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray", "primary"]


@dataclass(frozen=True)
class Look:
    """How a state looks. `chip` is a translucent colour, for table cells on both themes."""

    label: str
    icon: str
    color: Color
    chip: str


GRAY, BLUE, GREEN, ORANGE, RED = "#8a93a340", "#3b82f640", "#22a55a40", "#f59e0b48", "#ef444448"

URGENT = "Urgent"
URGENT_ICON = ":material/priority_high:"

JOB_LOOKS = {
    JobState.QUEUED: Look("Queued", ":material/schedule:", "gray", GRAY),
    JobState.WAITING: Look("Waiting", ":material/hourglass_empty:", "gray", GRAY),
    JobState.STARTED: Look("Started", ":material/play_circle:", "blue", BLUE),
    JobState.RETRYING: Look("Retrying", ":material/autorenew:", "orange", ORANGE),
    JobState.FINISHED: Look("Finished", ":material/check_circle:", "green", GREEN),
    JobState.FAILED: Look("Failed", ":material/error:", "red", RED),
    JobState.STOPPED: Look("Stopped", ":material/stop_circle:", "gray", GRAY),
}

DOCUMENT_LOOKS = {
    DocumentStatus.QUEUED: Look("Queued", ":material/schedule:", "gray", GRAY),
    DocumentStatus.INDEXING: Look("Indexing", ":material/autorenew:", "blue", BLUE),
    DocumentStatus.INDEXED: Look("Indexed", ":material/check_circle:", "green", GREEN),
    DocumentStatus.FAILED: Look("Failed", ":material/error:", "red", RED),
}

STAGES = {
    Stage.WAITING: "Starting",
    Stage.REWRITING: "Rewriting the question",
    Stage.RETRIEVING: "Searching the documents",
    Stage.THINKING: "The model is thinking",
    Stage.GENERATING: "Writing the answer",
    Stage.CHECKING: "Checking the citations",
}


# Kinds of error whose own words make no good name.
_KINDS = {
    "error": "Other error",
    "bad_api_key": "Bad API key",
    "job_timeout": "Job timed out",
    "model_timeout": "Model timed out",
    "no_quota": "No quota left",
}


def kind_name(kind: str) -> str:
    """Return the name of a kind of error for people: `worker_lost` is "Worker lost"."""
    return _KINDS.get(kind) or kind.replace("_", " ").capitalize()
