"""The reranker: a model on a server that reads a question with each passage, and orders them.

It speaks the protocol of Cohere, which vLLM, Jina, LiteLLM, llama.cpp and others have as well, or
that of Text Embeddings Inference (TEI).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import openai

from jobs.errors import (
    BadApiKeyError,
    BadModelRequestError,
    ModelError,
    ModelTimeoutError,
    ModelUnavailableError,
    UnknownModelError,
)
from jobs.llm.embeddings import CONNECT_TIMEOUT_SECONDS, NO_KEY
from jobs.llm.errors import model_errors, words_of
from jobs.settings import Settings

# Who asks waits for it, and it can be done without.
TIMEOUT_SECONDS = 10.0
# TEI takes 32 at once, unless it is told otherwise.
MAX_TEXTS = 32
PATH = "/rerank"
NOT_UNDERSTOOD = (
    "The reranker's reply cannot be understood. Check that RERANK_URL is the address of a "
    "reranker, which most often ends in /rerank."
)


class Reranker:
    """One reranking model of one server. Safe for threads: its HTTP client is."""

    def __init__(self, url: str, api_key: str, model: str) -> None:
        self.model = model
        self._client = openai.OpenAI(
            base_url=url.removesuffix("/").removesuffix(PATH),
            api_key=api_key or NO_KEY,
            max_retries=0,
            timeout=openai.Timeout(TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
        )
        self._is_tei = False

    def rerank(self, question: str, texts: Sequence[str]) -> list[int]:
        """Return the places of the texts, `MAX_TEXTS` at most, in their new order, best first.

        Raises ModelError.
        """
        try:
            scores = _scores(self._ask(question, texts), len(texts))
        except ModelError as error:
            raise _as_reranker_error(error) from error
        return sorted(range(len(texts)), key=lambda place: -scores[place])

    def _ask(self, question: str, texts: Sequence[str]) -> object:
        try:
            return self._post(question, texts, is_tei=self._is_tei)
        except ModelError as error:
            if self._is_tei or not _wants_texts(error):
                raise
        reply = self._post(question, texts, is_tei=True)
        self._is_tei = True
        return reply

    def _post(self, question: str, texts: Sequence[str], *, is_tei: bool) -> object:
        named = "texts" if is_tei else "documents"
        body: dict[str, object] = {"query": question, named: [*texts]}
        if is_tei:
            body["truncate"] = True
        if self.model:
            body["model"] = self.model
        with model_errors():
            return self._client.post(PATH, cast_to=object, body=body)


def build_reranker(settings: Settings) -> Reranker | None:
    """Return the configured reranker, or None without one."""
    if not settings.rerank_url:
        return None
    return Reranker(
        settings.rerank_url, settings.rerank_api_key.get_secret_value(), settings.rerank_model
    )


def _wants_texts(error: ModelError) -> bool:
    """Return whether the server misses the field that TEI has for documents."""
    status, said = words_of(error)
    return status in (400, 422) and "texts" in said


def _scores(reply: Any, count: int) -> list[float]:
    """Return the score of each text; one that the reply leaves out is last."""
    results = reply.get("results") if isinstance(reply, dict) else reply
    scores = [-math.inf] * count
    if not isinstance(results, list) or not results:
        raise BadModelRequestError(NOT_UNDERSTOOD)
    for result in results:
        try:
            place = result["index"]
            score = float(result["relevance_score" if "relevance_score" in result else "score"])
        except (KeyError, TypeError, ValueError) as error:
            raise BadModelRequestError(NOT_UNDERSTOOD) from error
        if not isinstance(place, int) or not 0 <= place < count or not math.isfinite(score):
            raise BadModelRequestError(NOT_UNDERSTOOD)
        scores[place] = score
    return scores


def _as_reranker_error(error: ModelError) -> ModelError:
    """Reword an error for the settings of the reranker."""
    if isinstance(error, BadApiKeyError):
        return BadApiKeyError("The reranker refused the API key. Set a valid RERANK_API_KEY.")
    if isinstance(error, UnknownModelError) or words_of(error)[0] == 404:
        return UnknownModelError(
            "The reranker has no such address or model. Correct RERANK_URL or RERANK_MODEL."
        )
    if isinstance(error, ModelUnavailableError):
        return ModelUnavailableError(
            "The reranker cannot be reached. Check that it runs and RERANK_URL is right."
        )
    if isinstance(error, ModelTimeoutError):
        return ModelTimeoutError("The reranker did not answer in time.")
    if isinstance(error, BadModelRequestError) and not words_of(error)[0]:
        return BadModelRequestError(NOT_UNDERSTOOD)
    return error
