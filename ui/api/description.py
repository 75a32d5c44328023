"""The introduction of the API's documentation: kinds of errors, and limits."""

from __future__ import annotations

from collections.abc import Iterator

from jobs.errors import AskqueueError
from jobs.settings import Settings
from jobs.webhooks.client import MAX_WEBHOOKS
from ui.api.errors import KINDS, STATUS_CODES

LIMITS = (
    "max_question_chars",
    "questions_per_minute",
    "urgent_per_minute",
    "user_storage_mb",
    "batch_max_rows",
    "max_upload_mb",
    "retention_days",
)
OWN_LIMITS = (
    ("JSON body", "1 MB"),
    ("CSV of a batch", "10 MB"),
    ("Webhooks of one user", str(MAX_WEBHOOKS)),
    ("`wait` of a result", "30 seconds"),
    ("Callers that wait for a result at the same time", "50; others are answered at once"),
    ("Callers that follow a job or use the OpenAI protocol at the same time", "200; then 503"),
)


def description() -> str:
    """Return Markdown: the shape of errors, their kinds with their status, and default limits."""
    rows = {(status, kind): "" for status, kind in KINDS.items()}
    rows[422, "invalid_input"] = "Names the field and what is wrong with it."
    rows |= {(status, kind.kind): kind.message for kind, status in _errors()}
    errors = "\n".join(
        f"| {status} | `{kind}` | {sentence} |" for (status, kind), sentence in sorted(rows.items())
    )
    fields = Settings.model_fields
    limits = "\n".join(
        f"| `{name.upper()}`: {fields[name].description} | {fields[name].get_default():,} |"
        for name in LIMITS
    )
    fixed = "\n".join(f"| {what} | {most} |" for what, most in OWN_LIMITS)
    return (
        'Every error is `{"error": {"kind": …, "message": …}}`: a stable word for programs and a '
        "sentence for people; below `/v1`, in the shape of OpenAI. 503 comes with `Retry-After`. "
        "A failed job carries the same shape, with kinds of its own, such as `bad_api_key`.\n\n"
        f"| Status | `kind` | Message |\n|---|---|---|\n{errors}\n\n"
        f"| Limit | Default |\n|---|---|\n{limits}\n{fixed}\n"
    )


def _errors() -> Iterator[tuple[type[AskqueueError], int]]:
    """Yield the errors with their status, and subclasses that have a kind of their own."""
    for error, status in STATUS_CODES.items():
        yield error, status
        for subclass in error.__subclasses__():
            if subclass.kind != error.kind and subclass not in STATUS_CODES:
                yield subclass, status
