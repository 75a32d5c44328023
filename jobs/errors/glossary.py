"""Rules of the glossary that cannot be accepted: whoever wrote them can put it right."""

from __future__ import annotations

from jobs.errors.base import AskqueueError


class InvalidGlossaryError(AskqueueError):
    """Rules that were not accepted; nothing of them was stored."""

    kind = "invalid_glossary"
    message = "These terms cannot be added to the glossary."
