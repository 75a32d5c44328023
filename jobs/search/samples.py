"""Adds the sample documents to a new installation."""

from __future__ import annotations

from pathlib import Path

import structlog

from jobs.documents.client import SUPPORTED_EXTENSIONS, DocumentClient
from jobs.errors import AskqueueError
from jobs.models import SAMPLES_USER

# Of the samples, and no sample itself.
QUESTIONS = "questions.json"

log = structlog.get_logger(__name__)


def add_samples(documents: DocumentClient, folder: Path) -> None:
    """Add the documents of a folder, once in the life of an installation, if it has no others."""
    if not folder.is_dir() or not documents.claim_samples():
        return
    for path in sorted(folder.iterdir()):
        if path.suffix in SUPPORTED_EXTENSIONS and path.name != QUESTIONS:
            try:
                documents.add(SAMPLES_USER, path.name, path.read_bytes())
            except AskqueueError as error:
                log.warning("sample not added", name=path.name, error=error.message)
