"""The names and cards of documents, kept in the worker: a question reads only what is new."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Protocol

from jobs.models import Document, DocumentCard, DocumentStatus
from jobs.queue.connection import broker_errors
from jobs.search.routing import Router, Routing

# Documents that are being indexed are looked at again after so long, and those of an index of
# before, which have no card, after so long.
NOT_READY_SECONDS = 2.0
WITHOUT_CARD_SECONDS = 60.0
# Read for one question at most, the newest first; the next question reads on.
READ_AT_ONCE = 1_000
# Beyond, all are forgotten and read again: about 3 KB each.
MAX_KEPT = 50_000
MAX_SCOPES = 50  # of users, or of documents chosen
# A question has the stems of so many languages.
MAX_LANGUAGES = 4


class Register(Protocol):
    """Knows the documents, such as `jobs.documents.repository.DocumentRepository`."""

    def version(self, user: str) -> tuple[object, ...]:
        """Return what changes with every change of the documents that a user sees."""

    def ids_of(self, user: str) -> Sequence[str]:
        """Return the ids of all documents that a user sees, newest first."""

    def find(self, ids: Sequence[str], user: str) -> Sequence[Document]:
        """Return those of the documents that exist and that this user may see."""


@dataclass(frozen=True)
class Searched:
    """The documents that a question is asked of, and their languages, the commonest first."""

    ids: frozenset[str]
    languages: tuple[str, ...]


class _Kept(NamedTuple):
    """What was searched in a version of the documents, and until when that holds."""

    version: object
    until: float
    searched: Searched


class CardCatalog:
    """Safe for threads. Methods raise BrokerUnavailableError."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._router = Router()
        self._languages: dict[str, str] = {}
        self._look_again: dict[str, float] = {}  # when, at those that lack something
        self._kept: dict[tuple[str, ...], _Kept] = {}

    def searched(self, user: str, scope: Sequence[str] = ()) -> Searched:
        """Return these documents, or all that a user sees, as far as they are indexed.

        One round trip while nothing changes; after a change, one or two more, which read the ids
        and what is new.
        """
        now = time.monotonic()
        with broker_errors():
            version = self._register.version(user)
        key = (user, *scope)
        with self._lock:
            kept = self._kept.get(key)
        if kept and kept.version == version and now < kept.until:
            return kept.searched
        with broker_errors():
            ids = scope or self._register.ids_of(user)
        missing = self._missing(ids, now)
        with broker_errors():
            found = self._register.find(missing, user) if missing else ()
        with self._lock:
            self._add(found, now)
            known = frozenset(each for each in ids if each in self._languages)
            searched = Searched(known, self._languages_of(known))
            if len(self._kept) >= MAX_SCOPES:
                self._kept.clear()
            until = min((self._look_again.get(each, math.inf) for each in ids), default=math.inf)
            if len(missing) < READ_AT_ONCE:
                self._kept[key] = _Kept(version, until, searched)
        return searched

    def route(self, question: str, searched: Searched) -> Routing:
        """Return which of the documents a question means."""
        with self._lock:
            return self._router.route(question, searched.ids)

    def _missing(self, ids: Sequence[str], now: float) -> list[str]:
        with self._lock:
            if len(self._languages) > MAX_KEPT:
                self._forget()
            missing = (
                each
                for each in ids
                if self._look_again.get(each, math.inf) <= now
                or (each not in self._languages and each not in self._look_again)
            )
            return list(islice(missing, READ_AT_ONCE))

    def _add(self, documents: Iterable[Document], now: float) -> None:
        for document in documents:
            self._look_again.pop(document.id, None)
            if document.status is not DocumentStatus.INDEXED:
                self._look_again[document.id] = now + NOT_READY_SECONDS
                continue
            if document.card is None:
                self._look_again[document.id] = now + WITHOUT_CARD_SECONDS
            card = document.card or DocumentCard()
            self._router.add(document.id, document.name, card)
            self._languages[document.id] = card.language

    def _languages_of(self, ids: Iterable[str]) -> tuple[str, ...]:
        counts = Counter(filter(None, (self._languages[each] for each in ids)))
        return tuple(language for language, _ in counts.most_common(MAX_LANGUAGES))
