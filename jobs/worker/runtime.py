"""The composition root of a worker process: the clients that its threads share."""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path

import redis
from rq.job import Job

from jobs.answering.extractive import Extractive
from jobs.answering.likeness import likeness_of
from jobs.cancellation import Cancellations
from jobs.documents.client import INDEX_DOCUMENT, DocumentClient
from jobs.documents.file_store import FileStore
from jobs.documents.repository import DocumentRepository
from jobs.glossary.live_glossary import LiveGlossary
from jobs.glossary.sets import starter_sets
from jobs.glossary.store import GlossaryStore
from jobs.llm.chat import SYSTEM_PROMPT, ChatModel, Generator, messages_of
from jobs.llm.embeddings import build_embedder
from jobs.llm.rerank import Reranker, build_reranker
from jobs.models import Passage
from jobs.questions.answer_cache import AnswerCache, digest_of
from jobs.questions.repository import JobRepository
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.queue.retry_policy import Outcome
from jobs.search.card_catalog import CardCatalog
from jobs.search.giving_up import give_up
from jobs.search.index import PassageIndex, build_index
from jobs.search.indexer import Indexer
from jobs.search.searcher import Searcher
from jobs.settings import Settings

# Identifies the wording of the prompt: an answer made with another one is not given again.
PROMPT = digest_of(
    [SYSTEM_PROMPT, repr(messages_of("question", [Passage("", "", "name", "text")], "boundary"))]
)
# The same for the terms that the glossary comes with.
STARTER_SETS = digest_of([repr(starter_sets())])
SAMPLES = Path(__file__).resolve().parents[2] / "samples"


class Runtime:
    """The warm collaborators of one worker process, shared by its threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.cancellations = Cancellations()
        self.connection: redis.Redis = connect(settings.broker_url)
        self.broker = Broker(self.connection, settings)
        self.records = JobRepository(self.connection, settings.retention_seconds)
        self.register = DocumentRepository(self.connection)
        self.store = FileStore(settings.document_store_url)
        self.documents = DocumentClient(self.broker, self.store, self.register)
        self.cache = AnswerCache(self.connection, self.register)
        self.catalog = CardCatalog(self.register)
        self.glossary = LiveGlossary(GlossaryStore(self.connection))
        self.open_index: PassageIndex | None = None

    @property
    def index(self) -> PassageIndex:
        """The passage index, opened by its first use; an embedded one then takes its lock."""
        if self.open_index is None:
            self.open_index = build_index(self.settings, build_embedder(self.settings))
        return self.open_index

    @property
    def searcher(self) -> Searcher:
        """What searches the index for questions."""
        return Searcher(self.index, self.catalog, self.reranker)

    @property
    def basis(self) -> tuple[object, ...]:
        """What an answer depends on besides the documents and the model; part of a cache key."""
        settings, index = self.settings, self.index
        return (
            index.target_collection,
            settings.passages_per_answer,
            settings.openai_base_url,
            settings.rerank_url,
            settings.rerank_model,
            PROMPT,
            STARTER_SETS,
        )

    @property
    def indexer(self) -> Indexer:
        """An indexer of this process's documents and index."""
        return Indexer(self.register, self.documents, self.store, self.index, self.settings)

    @cached_property
    def reranker(self) -> Reranker | None:
        """The configured reranker."""
        return build_reranker(self.settings)

    @cached_property
    def generator(self) -> Generator:
        """The configured generator."""
        if not self.settings.has_chat_model:
            return Extractive(likeness_of(lambda: self.index.embedder))
        return build_generator(self.settings)

    def generator_of(self, model: str) -> Generator:
        """Return the generator with this chat model, "" for the configured one."""
        generator = self.generator
        return (
            generator.with_model(model) if model and isinstance(generator, ChatModel) else generator
        )


def build_generator(settings: Settings) -> Generator:
    """Return the configured chat model, or the extractive generator if there is none."""
    if not settings.has_chat_model:
        return Extractive()
    return ChatModel(
        settings.openai_base_url,
        settings.openai_api_key.get_secret_value(),
        settings.chat_model,
        settings.model_timeout_seconds,
        settings.max_answer_tokens,
    )


_runtime: Runtime | None = None
_runtime_lock = threading.Lock()


def use_runtime(runtime: Runtime | None) -> None:
    """Set what the tasks of this process work with."""
    global _runtime
    _runtime = runtime


def get_runtime() -> Runtime:
    """Return the runtime of this process, made from the environment if none was set."""
    global _runtime
    with _runtime_lock:
        if _runtime is None:
            _runtime = Runtime(Settings())
        return _runtime


def report_outcome(runtime: Runtime, job: Job, outcome: Outcome) -> None:
    """Give a document up if its indexing failed for good; questions have their own record."""
    if job.func_name == INDEX_DOCUMENT and outcome.retry_in_seconds is None:
        give_up(
            job.args[0],
            outcome.failure,
            register=runtime.register,
            index=lambda: runtime.index,
        )
