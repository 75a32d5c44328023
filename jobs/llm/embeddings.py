"""The embedding adapter: turns texts into vectors, on an OpenAI-compatible server."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

import openai

from jobs.errors import (
    AskqueueError,
    BadApiKeyError,
    BadModelRequestError,
    ContextTooLongError,
    EmbeddingsUnsupportedError,
    ModelOverloadedError,
    UnknownModelError,
)
from jobs.llm import wording
from jobs.llm.embedding_model import EmbeddingModel
from jobs.llm.errors import model_errors, not_openai, words_of
from jobs.llm.input_length import MIN_PIECES, count_pieces, shorten, shorter_limit
from jobs.llm.local_embeddings import LocalEmbedder
from jobs.llm.vectors import UnreadableVectorError, read_vectors
from jobs.settings import Settings

# OpenAI takes up to 2,048 inputs a request; self-hosted servers want far fewer.
BATCH_TEXTS = 64
CONNECT_TIMEOUT_SECONDS = 5.0
# A local server asks for no key, but the SDK insists on one.
NO_KEY = "none"
# Servers refuse an empty text.
_BLANK = "."
# What is asked for where a server refuses an encoding: Base64 is a quarter of the size of numbers.
_BASE64 = "base64"
_NEXT_ENCODING = {_BASE64: "float", "float": ""}


class Embedder:
    """One embedding model of one server. Thread-safe: its HTTP client is.

    What the server has refused is not sent to it again: too many texts at once, texts that are too
    long (their beginning is sent), an encoding of the vectors.
    """

    is_local = False

    def __init__(self, base_url: str, api_key: str, model: str, timeout_seconds: float) -> None:
        self.model = model
        self._client = openai.OpenAI(
            base_url=base_url or None,
            api_key=api_key or NO_KEY,
            # The job retries, visibly; retries of the SDK would not show on the page.
            max_retries=0,
            timeout=openai.Timeout(timeout_seconds, connect=CONNECT_TIMEOUT_SECONDS),
        )
        self._batch_texts = BATCH_TEXTS
        self._max_pieces: int | None = None
        self._encoding = _BASE64
        self._size = 0

    def embed(
        self,
        texts: Sequence[str],
        on_batch: Callable[[int, int], None] | None = None,
        on_shortened: Callable[[int], None] | None = None,
    ) -> list[Sequence[float]]:
        """Return one vector for each text, in order; `on_batch(done, total)` is called in between.

        Vectors are arrays of 32-bit floats, a few KB each; lists would take eight times as much.
        `on_shortened` is called at the end with the number of texts of which the model was given
        only the beginning, if any. Raises EmbeddingsUnsupportedError if the server has none, or
        another ModelError.
        """
        vectors: list[Sequence[float]] = []
        shortened = 0
        while len(vectors) < len(texts):
            batch = texts[len(vectors) : len(vectors) + self._batch_texts]
            sent, encoding = self._within_limit(batch), self._encoding
            try:
                vectors += self._embed_batch(sent, encoding)
            except UnreadableVectorError as error:
                if encoding != _BASE64:
                    raise not_openai() from error
                self._encoding = _NEXT_ENCODING[_BASE64]
                continue
            except AskqueueError as error:
                if not self._adapt(error, sent, encoding):
                    raise _as_embedding_error(error) from error
                continue
            shortened += sum(part is not text for part, text in zip(sent, batch, strict=True))
            if on_batch is not None:
                on_batch(len(vectors), len(texts))
        if shortened and on_shortened is not None:
            on_shortened(shortened)
        return vectors

    def embed_question(self, question: str) -> Sequence[float]:
        """Return the vector of a question."""
        return self.embed([question])[0]

    def _within_limit(self, texts: Sequence[str]) -> list[str]:
        if self._max_pieces is None:
            return list(texts)
        limit = self._max_pieces
        return [text if count_pieces(text) <= limit else shorten(text, limit) for text in texts]

    def _adapt(self, error: AskqueueError, sent: Sequence[str], encoding: str) -> bool:
        """Ask for less from now on, if that is what the server wants; False if it is not."""
        status, text = words_of(error)
        if status in (400, 422, 500, 501) and encoding and wording.refuses_base64(text):
            self._encoding = _NEXT_ENCODING[encoding]
            return True
        is_too_large = isinstance(error, ContextTooLongError)
        wants_fewer = is_too_large or status in (400, 422)
        if wants_fewer and wording.is_about_batch(text):
            is_too_large = True
        elif wording.is_about_context(status, text):
            wants_fewer = False
        if not is_too_large:
            return False
        if wants_fewer and len(sent) > 1:
            self._batch_texts = min(self._batch_texts, len(sent) // 2)
            return True
        longest = max(map(count_pieces, sent))
        if longest <= MIN_PIECES:
            return False
        self._max_pieces = max(MIN_PIECES, shorter_limit(longest, text))
        return True

    def _embed_batch(self, texts: Sequence[str], encoding: str) -> list[array[float]]:
        body: dict[str, object] = {
            "model": self.model,
            "input": [text if text.strip() else _BLANK for text in texts],
        }
        if encoding:
            body["encoding_format"] = encoding
        with model_errors():
            reply: Any = self._client.post("/embeddings", cast_to=object, body=body)
        vectors = read_vectors(reply, len(texts))
        self._check_size(vectors)
        return vectors

    def _check_size(self, vectors: Sequence[Sequence[float]]) -> None:
        """Raise BadModelRequestError for vectors that cannot be compared with the others."""
        sizes = {len(vector) for vector in vectors} | ({self._size} - {0})
        if len(sizes) > 1:
            several = " and ".join(map(str, sorted(sizes)))
            raise BadModelRequestError(
                f"The embedding server returned vectors of {several} numbers. Serve one model "
                "under the name of EMBEDDING_MODEL, and restart the worker."
            )
        self._size = sizes.pop()


def build_embedder(settings: Settings) -> EmbeddingModel | None:
    """Return the configured embedder, or None for keyword search alone.

    A server goes before the model in this process. Raises BadModelRequestError for a folder that
    holds none.
    """
    if not settings.has_embeddings:
        folder = settings.local_embedding_folder
        return None if folder is None else LocalEmbedder(folder)
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
    status, text = words_of(error)
    if _has_no_embeddings(error, status, text):
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
    if isinstance(error, ContextTooLongError):
        return ContextTooLongError(
            "The embedding server refuses even short texts as too long. Raise its limits, or "
            "change EMBEDDING_MODEL."
        )
    if isinstance(error, ModelOverloadedError) and "nan" in text:
        return BadModelRequestError(
            "The embedding model gave no usable numbers (NaN) for a text. Update its server, or "
            "change EMBEDDING_MODEL."
        )
    return error


def _has_no_embeddings(error: AskqueueError, status: int, text: str) -> bool:
    if status in (405, 501):
        return True
    if status == 404:
        return not isinstance(error, UnknownModelError)
    # vLLM and llama.cpp, if the model is one for chat, or the server was started without them.
    return status in (400, 500) and (
        "does not support embeddings" in text or "not support embedding" in text
    )
