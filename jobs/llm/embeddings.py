"""The embedding adapter: turns texts into vectors, on an OpenAI-compatible server."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

import openai

from jobs.errors import AskqueueError, BadApiKeyError, EmbeddingsUnsupportedError, UnknownModelError
from jobs.llm.errors import model_errors, names_model, not_openai
from jobs.settings import Settings

# OpenAI takes up to 2,048 inputs a request; self-hosted servers want far fewer.
BATCH_TEXTS = 64
CONNECT_TIMEOUT_SECONDS = 5.0
# A local server asks for no key, but the SDK insists on one.
NO_KEY = "none"


class Embedder:
    """One embedding model of one server. Thread-safe: its HTTP client is."""

    def __init__(self, base_url: str, api_key: str, model: str, timeout_seconds: float) -> None:
        self.model = model
        self._client = openai.OpenAI(
            base_url=base_url or None,
            api_key=api_key or NO_KEY,
            # The job retries, visibly; retries of the SDK would not show on the page.
            max_retries=0,
            timeout=openai.Timeout(timeout_seconds, connect=CONNECT_TIMEOUT_SECONDS),
        )

    def embed(
        self, texts: Sequence[str], on_batch: Callable[[int, int], None] | None = None
    ) -> list[Sequence[float]]:
        """Return one vector for each text, in order; `on_batch(done, total)` is called in between.

        Vectors are arrays of 32-bit floats, a few KB each; lists would take eight times as much.
        Raises EmbeddingsUnsupportedError if the server has none, or another ModelError.
        """
        vectors: list[Sequence[float]] = []
        for start in range(0, len(texts), BATCH_TEXTS):
            vectors += self._embed_batch(texts[start : start + BATCH_TEXTS])
            if on_batch is not None:
                on_batch(len(vectors), len(texts))
        return vectors

    def _embed_batch(self, texts: Sequence[str]) -> list[Sequence[float]]:
        try:
            with model_errors():
                response = self._client.embeddings.create(model=self.model, input=list(texts))
            ordered = sorted(response.data, key=lambda item: item.index)
            vectors = [array("f", item.embedding) for item in ordered]
        except AskqueueError as error:
            raise _as_embedding_error(error) from error
        except (AttributeError, TypeError, ValueError) as error:
            # The SDK runs into these if a reply is no list of vectors but, say, a web page.
            raise not_openai() from error
        if len(vectors) != len(texts):
            raise not_openai()
        return list(vectors)


def build_embedder(settings: Settings) -> Embedder | None:
    """Return the configured embedder, or None for keyword search alone."""
    if not settings.has_embeddings:
        return None
    own_key = settings.embedding_api_key.get_secret_value()
    own_server = bool(settings.embedding_base_url)
    return Embedder(
        settings.embedding_base_url or settings.openai_base_url,
        # The key of one server is never sent to another.
        own_key if own_key or own_server else settings.openai_api_key.get_secret_value(),
        settings.embedding_model,
        settings.model_timeout_seconds,
    )


def _as_embedding_error(error: AskqueueError) -> AskqueueError:
    """Reword an error for the embedding settings; tell a missing endpoint from a wrong model."""
    cause = error.__cause__
    if isinstance(cause, openai.APIStatusError) and _has_no_embeddings(cause):
        return EmbeddingsUnsupportedError()
    if isinstance(error, BadApiKeyError):
        return BadApiKeyError(
            "The embedding server refused the API key. Set a valid OPENAI_API_KEY, or "
            "EMBEDDING_API_KEY if embeddings come from another server, and restart the worker."
        )
    if isinstance(error, UnknownModelError):
        return UnknownModelError(
            "The embedding server does not know this model. Set EMBEDDING_MODEL to one it offers."
        )
    return error


def _has_no_embeddings(error: openai.APIStatusError) -> bool:
    if error.status_code in (405, 501):
        return True
    if error.status_code == 404:
        return not names_model(error)
    # vLLM, if the name is that of a chat model.
    return error.status_code == 400 and "does not support embeddings" in error.message.lower()
