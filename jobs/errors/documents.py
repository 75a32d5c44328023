"""Documents that cannot be added, changed, read or asked."""

from __future__ import annotations

from jobs.errors.base import AskqueueError


class InvalidUploadError(AskqueueError):
    kind = "invalid_upload"
    message = "This file cannot be used."


class StorageExceededError(AskqueueError):
    """A document that would take its user past `USER_STORAGE_MB`; nothing of it was stored."""

    kind = "storage_exceeded"
    message = "Your documents take up all the space that one user has. Delete some first."


class OthersDocumentError(AskqueueError):
    kind = "others_document"
    message = (
        "Somebody else added this document. Ask whoever did, or an operator, to delete it or to "
        "index it again."
    )


class PrivateUnsafeError(AskqueueError):
    """A worker of an older version would show a private document to everybody."""

    kind = "private_unsafe"
    message = (
        "Private documents cannot be added now: a worker of an older version is running. Ask the "
        "operator to update all workers, then try again."
    )


class NoDocumentsError(AskqueueError):
    kind = "no_documents"
    message = "No documents are indexed yet. Add some on the Documents page, then retry."


class StillIndexingError(NoDocumentsError):
    """The first documents are on their way into the index: the question waits for them."""

    kind = "still_indexing"
    message = "The documents are still being indexed. Retry in a moment."
    retryable = True
    is_outage = True


class UnreadableDocumentError(AskqueueError):
    kind = "unreadable_document"
    message = "No text could be read from this file. Check that it opens, and is not encrypted."


class EmptyDocumentError(UnreadableDocumentError):
    kind = "empty_document"
    message = (
        "This file holds no text, and none was found in its pictures. "
        "Check that it opens; a faint scan has to be made again."
    )


class ExtractionTooLongError(UnreadableDocumentError):
    kind = "extraction_too_long"
    message = "Reading this file took too long. Split it, or raise EXTRACTION_TIMEOUT_SECONDS."


class ExtractionTooLargeError(UnreadableDocumentError):
    kind = "extraction_too_large"
    message = "Reading this file needed too much memory. Split it, or raise EXTRACTION_MEMORY_MB."


class UnreadablePageError(AskqueueError):
    kind = "page_unreadable"
    message = "This page cannot be drawn. Download the document to read it there."
