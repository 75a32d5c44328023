"""Documents, who sees them, and the index that holds their passages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from jobs.models.failures import Failure


class DocumentStatus(StrEnum):
    """Where a document is on its way into the index."""

    QUEUED = "queued"
    INDEXING = "indexing"
    INDEXED = "indexed"
    FAILED = "failed"


class Visibility(StrEnum):
    """Who sees a document, asks it, and finds it cited."""

    SHARED = "shared"  # everybody
    PRIVATE = "private"  # its owner alone


# Who adds the samples of the installation. No person has this name: a browser's begins with `b-`.
SAMPLES_USER = "samples"
# Who adds documents from a shell of the server.
SHELL_USER = "shell"


@dataclass(frozen=True)
class DocumentCard:
    """What a question may name a document by, beside the name of its file.

    `language` is its ISO 639-1 code, `opening` how its first page begins, `names` are of its first
    page, separated by "; ", and `years`, separated by spaces, are those it is about, the commonest
    first.
    """

    language: str = ""
    opening: str = ""
    names: str = ""
    years: str = ""


@dataclass(frozen=True)
class Document:
    """An entry of the register of documents. `id` is as in `jobs.documents.ids`.

    `owner` is who alone sees a private document; "" for one that is shared. `added_at` is when it
    was last added: the same content again renews it; `indexed_at` is when its passages were last
    written, 0 until they are. `notes` say in sentences what of it was not read or is doubtful.
    `came_with` is the name of the file that it was in, "" for one that was added by itself;
    `nesting` is how many files deep, and `contents` the ids of the documents that were in it,
    on which `contents_notes`, which are among the notes, say more.
    `progress` runs from 0 to 1 while it is indexed; `collection` is the
    one that holds it. `card` is None until it was indexed by a version that makes one. `to_embed`
    is how many of its passages, from the last one back, have yet to get their vectors: words find
    them already.
    """

    id: str
    name: str
    size: int
    media_type: str = ""
    status: DocumentStatus = DocumentStatus.QUEUED
    pages: int = 0
    passages: int = 0
    added_at: float = 0.0
    added_by: str = ""
    stage: str = ""
    progress: float = 0.0
    job_id: str = ""
    collection: str = ""
    failure: Failure | None = None
    indexed_at: float = 0.0
    owner: str = ""
    notes: tuple[str, ...] = ()
    came_with: str = ""
    nesting: int = 0
    contents: tuple[str, ...] = ()
    contents_notes: tuple[str, ...] = ()
    to_embed: int = 0
    card: DocumentCard | None = None

    @property
    def embedded(self) -> float:
        """The share of its passages, from 0 to 1, that wait for no vector."""
        return 1 - self.to_embed / self.passages if self.passages else 1.0

    @property
    def visibility(self) -> Visibility:
        return Visibility.PRIVATE if self.owner else Visibility.SHARED

    def is_managed_by(self, user: str) -> bool:
        """True if this user may delete it and index it again, as operators may with any."""
        return bool(user) and (self.owner or self.added_by) == user

    def kept_until(self, retention_seconds: float) -> float | None:
        """When it leaves, as Unix seconds; None for a sample, and without a retention (0)."""
        if not retention_seconds or self.added_by == SAMPLES_USER:
            return None
        return self.added_at + retention_seconds


@dataclass(frozen=True)
class DocumentPage:
    """Some of the documents that a user sees, newest first, and how many there are in all."""

    documents: tuple[Document, ...]
    total: int


@dataclass(frozen=True)
class IndexState:
    """Which collection answers now, and which one the configured embedding model asks for.

    They differ after `EMBEDDING_MODEL` changed, or a key was added: then `needs_reindex` is true
    until everything is indexed again. `reindexed` of `documents` counts the progress of that, and
    `building` is the collection that was begun, and may be incomplete. `glossary` changes with the
    glossary, "" as long as nobody changed it.
    """

    active: str = ""
    target: str = ""
    documents: int = 0
    reindexed: int = 0
    reindex_job_id: str = ""
    building: str = ""
    glossary: str = ""

    @property
    def needs_reindex(self) -> bool:
        return bool(self.active and self.target and self.active != self.target and self.documents)

    @property
    def is_renewed(self) -> bool:
        """True if the model is the same: a new version keeps it in another form, see `schema`."""
        model = self.active.partition("-")[2]
        return self.needs_reindex and bool(model) and model == self.target.partition("-")[2]
