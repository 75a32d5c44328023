"""The error tree. Each error carries a sentence that says what to do; `kind` is stable.

Adapters translate foreign exceptions into these; pages and the API show `message` and `command`.
"""

from __future__ import annotations

from jobs.models import Failure


class AskqueueError(Exception):
    """Base of all errors that people may see."""

    kind = "error"
    message = "Something went wrong. Try again; if it happens again, tell the operator."
    command = ""
    retryable = False
    # A service is away: that says nothing about the job, and costs it no attempt for a while.
    is_outage = False

    def __init__(
        self, message: str = "", *, command: str = "", retry_after_seconds: float | None = None
    ) -> None:
        self.message = message or type(self).message
        self.command = command or type(self).command
        self.retry_after_seconds = retry_after_seconds
        super().__init__(self.message)

    @property
    def failure(self) -> Failure:
        return Failure(self.kind, self.message, self.command)


# What the asker can put right


class InvalidQuestionError(AskqueueError):
    kind = "invalid_question"
    message = "Type a question first."


class UnknownDocumentsError(InvalidQuestionError):
    kind = "unknown_documents"
    message = "Some of the chosen documents are not there. Choose others, or none to ask all."


class ModelNotOfferedError(InvalidQuestionError):
    kind = "model_not_offered"
    message = "This model is not offered here. Choose another, or none for the usual one."


class InvalidBatchError(AskqueueError):
    kind = "invalid_batch"
    message = "No questions can be read from this file."


class InvalidUploadError(AskqueueError):
    kind = "invalid_upload"
    message = "This file cannot be used."


class StorageExceededError(AskqueueError):
    """A document that would take its user past `USER_STORAGE_MB`; nothing of it was stored."""

    kind = "storage_exceeded"
    message = "Your documents take up all the space that one user has. Delete some first."


class TooManyQuestionsError(AskqueueError):
    """More questions in a minute than one user may ask; nothing of this one was accepted.

    `limit` is how many, and `retry_after_seconds` says when there is room for one.
    """

    kind = "too_many_questions"
    message = "You have asked as many questions as you may in a minute. Wait a moment, then ask."
    retryable = True
    limit = 0


class TooManyUrgentError(TooManyQuestionsError):
    kind = "too_many_urgent"
    message = (
        "You have made as many questions urgent as you may in a minute. Wait a moment, or ask "
        "without urgency."
    )


class InvalidFeedbackError(AskqueueError):
    kind = "invalid_feedback"
    message = "This reason is too long. Shorten it."


class InvalidCursorError(AskqueueError):
    kind = "invalid_cursor"
    message = "This cursor is not one of ours. Begin without one, then use each reply's `next`."


class NotFoundError(AskqueueError):
    """Also raised for what belongs to somebody else, so that ids cannot be probed."""

    kind = "not_found"
    message = "There is no such question. It may have been deleted, or be another user's."


class InvalidStateError(AskqueueError):
    kind = "invalid_state"
    message = "That cannot be done with this question now."


class OthersDocumentError(AskqueueError):
    kind = "others_document"
    message = (
        "Somebody else added this document. Ask whoever did, or an operator, to delete it or to "
        "index it again."
    )


class NoDocumentsError(AskqueueError):
    kind = "no_documents"
    message = "No documents are indexed yet. Add some on the Documents page, then retry."


# Who is asking


class NotSignedInError(AskqueueError):
    kind = "not_signed_in"
    message = "Nobody is signed in. Sign in on the pages in this browser, then try again."


class OperatorsOnlyError(AskqueueError):
    kind = "operators_only"
    message = "This is for operators alone. Ask one of them, or to be named in OPERATORS."


class WrongKeyError(AskqueueError):
    """It does not say what is wrong with a key: whoever tries some learns nothing."""

    kind = "wrong_key"
    message = (
        "This API key is wrong, expired or revoked. Make one on the page API keys, and send it as "
        "Authorization: Bearer askq_…"
    )


class MissingScopeError(AskqueueError):
    kind = "missing_scope"
    message = "This API key may not do that. Use one with the scope that it needs."


class InvalidKeyError(AskqueueError):
    kind = "invalid_key"
    message = "No API key can be made from this."


# Webhooks


class InvalidWebhookError(AskqueueError):
    kind = "invalid_webhook"
    message = "No webhook can be made from this."


class AddressNotAllowedError(InvalidWebhookError):
    """Not public, or not HTTPS: a webhook must not reach what its owner could not."""

    kind = "address_not_allowed"
    message = "A webhook may not be sent to this address."


# What an operator can put right


class UntrustedProxyError(AskqueueError):
    """Whoever can set the header could be anybody, so its word is not taken, nor ignored."""

    kind = "untrusted_proxy"
    message = (
        "This request names a user in the header that the sign-in proxy sets, but does not come "
        "from that proxy. Open Askqueue at the proxy's address. If you did, ask the operator to "
        "add the proxy's own address to TRUSTED_PROXIES."
    )


class AmbiguousProxyUserError(AskqueueError):
    kind = "ambiguous_proxy_user"
    message = (
        "The sign-in proxy sent a user's name that cannot be used: more than one, or a very long "
        "one. Ask the operator to have the proxy replace the header of PROXY_USER_HEADER, not add "
        "to it."
    )


class WrongCredentialsError(AskqueueError):
    """Of the user and the password, it does not say which was wrong."""

    kind = "wrong_credentials"
    message = "Give the operators' user and password: DASHBOARD_USERNAME and DASHBOARD_PASSWORD."


class PrivateUnsafeError(AskqueueError):
    """A worker of an older version would show a private document to everybody."""

    kind = "private_unsafe"
    message = (
        "Private documents cannot be added now: a worker of an older version is running. Ask the "
        "operator to update all workers, then try again."
    )


class OperatorsClosedError(AskqueueError):
    kind = "operators_closed"
    message = (
        "This is for operators alone, and nobody is one yet. Set DASHBOARD_USERNAME and "
        "DASHBOARD_PASSWORD, then restart."
    )


class StillIndexingError(NoDocumentsError):
    """The first documents are on their way into the index: the question waits for them."""

    kind = "still_indexing"
    message = "The documents are still being indexed. Retry in a moment."
    retryable = True
    is_outage = True


# Services


class TooManyFollowersError(AskqueueError):
    kind = "too_many_followers"
    message = (
        "As many callers as this server takes are following answers. Try again in a moment, or "
        "ask for the result now and then."
    )
    retryable = True


class BrokerUnavailableError(AskqueueError):
    kind = "broker_unavailable"
    message = (
        "The job queue (Valkey) cannot be reached. Questions already accepted are safe; all goes "
        "on by itself when it is back. If it stays away, check that it runs and REDIS_URL is right."
    )
    retryable = True
    is_outage = True


# What lets nothing be read has the kind of BrokerUnavailableError, which a page tells once for all
# its parts. What refuses new work alone has a kind of its own.


class BrokerLoadingError(BrokerUnavailableError):
    message = (
        "The job queue (Valkey) has restarted and is reading its data back in. Questions already "
        "accepted are safe; all goes on by itself in a moment."
    )


class BrokerLoginRefusedError(BrokerUnavailableError):
    message = (
        "The job queue (Valkey) refused the user or the password in REDIS_URL. Questions already "
        "accepted are safe. Ask the operator to set REDIS_URL to "
        "redis://USER:PASSWORD@HOST:6379/0 and to restart."
    )


class BrokerNotPermittedError(BrokerUnavailableError):
    kind = "broker_not_permitted"
    message = (
        "The job queue (Valkey) does not permit this to the user in REDIS_URL. Questions already "
        "accepted are safe. Ask the operator to give that user the keys and commands it needs."
    )
    command = "valkey-cli ACL SETUSER USER '~askqueue:*' '~rq:*' '&rq:*' +@all"


class BrokerFullError(BrokerUnavailableError):
    kind = "broker_full"
    message = (
        "The memory of the job queue (Valkey) is full, so it takes no new work. Questions already "
        "accepted are safe. Delete some that are over, or ask the operator to raise maxmemory of "
        "the server (VALKEY_MEMORY_MB with docker compose)."
    )


class BrokerDiskFullError(BrokerUnavailableError):
    kind = "broker_disk_full"
    message = (
        "The job queue (Valkey) cannot write to its disk, which is probably full, so it takes no "
        "new work. Questions already accepted are safe. Ask the operator to free some space; all "
        "goes on by itself then."
    )


class BrokerReadOnlyError(BrokerUnavailableError):
    kind = "broker_read_only"
    message = (
        "REDIS_URL leads to a Valkey that is a read-only replica, so it takes no new work. "
        "Questions already accepted are safe. After a failover this may pass by itself; if it "
        "does not, ask the operator to set REDIS_URL to the primary."
    )


class IndexUnavailableError(AskqueueError):
    kind = "index_unavailable"
    message = (
        "The document index (Qdrant) cannot be reached. Check that it runs and QDRANT_URL is right."
    )
    command = "docker compose up -d qdrant"
    retryable = True
    is_outage = True


class IndexDiskFullError(IndexUnavailableError):
    kind = "index_disk_full"
    message = (
        "The document index (Qdrant) cannot write to its disk, which is probably full. What is "
        "indexed already stays. Free some space, then index this again on the Documents page."
    )
    command = "df -h"
    is_outage = False  # it takes somebody to free space, who is told sooner this way


class IndexTooOldError(AskqueueError):
    kind = "index_too_old"
    message = "The Qdrant server is too old: keyword search needs version 1.20 or later."
    command = "docker compose pull qdrant && docker compose up -d qdrant"


class DocumentStoreUnavailableError(AskqueueError):
    kind = "document_store_unavailable"
    message = "The stored file cannot be read or written. Check DOCUMENT_STORE and its permissions."
    retryable = True


class DocumentStoreFullError(DocumentStoreUnavailableError):
    kind = "document_store_full"
    message = (
        "The disk is full: there is no space left where documents are stored. Nothing was added, "
        "and what is there stays. Ask the operator to free some space."
    )


# The model server


class ModelError(AskqueueError):
    kind = "model_error"
    message = "The model server gave an error. Try again."


class BadApiKeyError(ModelError):
    kind = "bad_api_key"
    message = (
        "The model server refused the API key. Set a valid OPENAI_API_KEY and restart the worker."
    )


class NoQuotaError(ModelError):
    kind = "no_quota"
    message = (
        "The account of the model server has no quota left. Check its plan and billing, then retry."
    )


class UnknownModelError(ModelError):
    kind = "unknown_model"
    message = "The model server does not know this model. Set CHAT_MODEL to one it offers."


class ContextTooLongError(ModelError):
    kind = "context_too_long"
    message = (
        "The question and its passages are too long for the model. "
        "Shorten the question, or lower PASSAGES_PER_ANSWER."
    )


class BadModelRequestError(ModelError):
    kind = "bad_model_request"
    message = "The model server rejected the request."


class ModelTimeoutError(ModelError):
    kind = "model_timeout"
    message = "The model server did not answer in time. Retry, or raise MODEL_TIMEOUT_SECONDS."
    retryable = True


class ModelUnavailableError(ModelError):
    kind = "model_unavailable"
    message = "The model server cannot be reached. Check that it runs and OPENAI_BASE_URL is right."
    retryable = True
    is_outage = True


class ModelOverloadedError(ModelError):
    kind = "model_overloaded"
    message = "The model server is too busy (429 or 5xx). Retry in a few minutes."
    retryable = True


class StreamInterruptedError(ModelError):
    kind = "stream_interrupted"
    message = "The model server broke off in the middle of the answer. Retry."
    retryable = True


class EmbeddingsUnsupportedError(ModelError):
    """The embedding server has no embeddings (404, 405 or 501): keyword search goes on alone."""

    kind = "embeddings_unsupported"
    message = (
        "The model server offers no embeddings, so search uses keywords alone. "
        "Set EMBEDDING_BASE_URL to a server that has them, or EMBEDDING_MODEL= to silence this."
    )


# Documents


class UnreadableDocumentError(AskqueueError):
    kind = "unreadable_document"
    message = "No text could be read from this file. Check that it opens, and is not encrypted."


class EmptyDocumentError(UnreadableDocumentError):
    kind = "empty_document"
    message = "This file holds no text. A scanned document needs text recognition (OCR) first."


class ExtractionTooLongError(UnreadableDocumentError):
    kind = "extraction_too_long"
    message = "Reading this file took too long. Split it, or raise EXTRACTION_TIMEOUT_SECONDS."


class ExtractionTooLargeError(UnreadableDocumentError):
    kind = "extraction_too_large"
    message = "Reading this file needed too much memory. Split it, or raise EXTRACTION_MEMORY_MB."


class UnreadablePageError(AskqueueError):
    kind = "page_unreadable"
    message = "This page cannot be drawn. Download the document to read it there."


# How an attempt ends without a result of its own


class SupersededError(AskqueueError):
    """The job goes on without this attempt: it was stopped, deleted, or taken over by another."""

    kind = "superseded"
    message = "This attempt is no longer the question's."


class HandedBackError(AskqueueError):
    """The worker shuts down; the job goes back to the front of its queue, at no cost."""

    kind = "handed_back"
    message = "The worker is restarting; the question runs again at once."
    retryable = True


class WorkerLostError(AskqueueError):
    kind = "worker_lost"
    message = "The worker died while running this; it runs again by itself."


class JobTimeoutError(AskqueueError):
    kind = "job_timeout"
    message = "This took longer than a job may. Retry, or split the work."
