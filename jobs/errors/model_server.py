"""The model server: chat and embeddings."""

from __future__ import annotations

from jobs.errors.base import AskqueueError


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
    message = (
        "The model server does not know this model. Set CHAT_MODEL to one it offers; for Azure, to "
        "the name of its deployment."
    )


class ContextTooLongError(ModelError):
    kind = "context_too_long"
    message = (
        "The question and its passages are too long for the model. "
        "Shorten the question, or lower PASSAGES_PER_ANSWER."
    )


class BadModelRequestError(ModelError):
    kind = "bad_model_request"
    message = "The model server rejected the request."


class NoAnswerError(BadModelRequestError):
    """The reply came to its end without an answer."""

    message = "The model gave an empty answer. Retry, or change CHAT_MODEL."


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
        "The model server offers no embeddings, so search uses keywords only. "
        "Set EMBEDDING_BASE_URL to a server that has them, or EMBEDDING_MODEL= for the model that "
        "Askqueue carries."
    )
