"""Earlier answers to questions that are asked again: when there is one, and when it may serve.

The cache holds no answer. An entry is the id of the question that was answered, under a digest of
all that its answer depends on: who asked what, of which documents in which versions, by which model
and prompt. So an answer leaves it with its question, and no change of the documents goes unnoticed.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import redis
from redis.client import Pipeline

from jobs.documents.fingerprints import Fingerprints
from jobs.documents.repository import DocumentRepository
from jobs.models import Answer, JobState, SupportLevel, Timings, TokenUse
from jobs.questions.repository import read_job, to_view
from jobs.queue.connection import broker_errors
from jobs.queue.keys import cache_key, job_key
from jobs.queue.results import read_answers

# A field of the record: the digest that the answer is kept under, or was found by.
CACHE_FIELD = "cache"


@dataclass(frozen=True)
class Lookup:
    """What an answer depends on, beside the documents as they are.

    `basis` is what makes the answer: collection, model, prompt, settings of the retrieval.
    """

    user: str
    question: str
    documents: tuple[str, ...]
    basis: tuple[object, ...]


class AnswerCache:
    """The earlier answers of all users; nobody gets one of another's."""

    def __init__(self, connection: redis.Redis, register: DocumentRepository) -> None:
        self._connection = connection
        self._register = register
        self._fingerprints = Fingerprints(connection)

    def answer(self, lookup: Lookup, make: Callable[[], Answer], *, use_cache: bool) -> Answer:
        """The earlier answer, which has `earlier_at`, or else a new one from `make`.

        A new one has a `cache_key` if it may serve later; without `use_cache` it is always new.
        Raises BrokerUnavailableError, and what `make` raises.
        """
        began = time.monotonic()
        with broker_errors():
            key = self._key(lookup)
            found = self._find(lookup.user, key) if key and use_cache else None
        if found is not None:
            return replace(found, timings=Timings(retrieval=time.monotonic() - began))
        made = make()
        try:
            is_good = bool(key) and may_serve(made) and self._is_still(lookup, key, made)
        except redis.exceptions.RedisError:
            return made  # an answer is not lost because it cannot be kept for later
        return replace(made, cache_key=key) if is_good else made

    def _key(self, lookup: Lookup) -> str:
        """The digest of all that the answer depends on; "" while a document is on its way."""
        documents = self._fingerprints.of(lookup.user, lookup.documents)
        if not documents:
            return ""
        question = " ".join(lookup.question.split()).casefold()
        parts = [lookup.user, question, lookup.documents, documents, lookup.basis]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _find(self, user: str, key: str) -> Answer | None:
        """The answer that is kept under a key, if it may still serve; at most three round trips."""
        value = cast("bytes | None", self._connection.get(cache_key(key)))
        if value is None:
            return None
        job_id = value.decode()
        pipeline = self._connection.pipeline(transaction=False)
        read_job(pipeline, job_id)
        pipeline.hget(job_key(job_id), CACHE_FIELD)
        *replies, kept_under = pipeline.execute()
        view = to_view(job_id, *replies)  # none of one that its owner deleted
        if view is None or view.user != user or view.state is not JobState.FINISHED:
            return None
        # Another attempt may have been the one that counted, with the documents of its time. And a
        # web process of an older version notes feedback without forgetting the answer.
        if kept_under != key.encode() or (view.feedback and not view.feedback.useful):
            return None
        [answer] = read_answers(self._connection, [job_id])
        if answer is None or not may_serve(answer):
            return None
        return replace(
            answer,
            earlier_at=view.ended_at,
            cache_key=key,
            standalone="",
            tokens=TokenUse(),
        )

    def _is_still(self, lookup: Lookup, key: str, made: Answer) -> bool:
        """True if nothing changed while the answer was made.

        A document that came and went meanwhile leaves no other trace than in the answer.
        """
        used = {passage.document_id for passage in made.passages}
        there = self._register.find(sorted(used), lookup.user)
        return len(there) == len(used) and self._key(lookup) == key


def may_serve(answer: Answer) -> bool:
    """True for an answer that is worth giving again: one with citations, and without reservations.

    Notes say that it was cut off, or what was missing.
    """
    return answer.support is SupportLevel.CITED and not answer.notes


def digest_of(texts: Sequence[str]) -> str:
    """Of prompts: another wording makes another answer."""
    return hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()


def remember(
    pipeline: Pipeline, job_id: str, result: Mapping[str, Any], retention_seconds: int
) -> None:
    """Keep an answer for later, in the transaction that finishes its question."""
    key = result.get("cache_key")
    if not key:
        return
    pipeline.hset(job_key(job_id), CACHE_FIELD, key)
    if result.get("earlier_at") is None:
        pipeline.set(cache_key(key), job_id, ex=retention_seconds)


def forget(reads: Pipeline, job_id: str) -> Callable[[Pipeline], object]:
    """What keeps an answer, and all that it was given again as, from serving later.

    `reads` is watching: the record is read at once.
    """
    key = cast("bytes | None", reads.hget(job_key(job_id), CACHE_FIELD))
    return lambda pipeline: pipeline.delete(cache_key(key.decode())) if key else None
