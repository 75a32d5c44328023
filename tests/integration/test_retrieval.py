"""The passage index over a real embedded Qdrant, and over servers that cannot be used."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from jobs.answering.extractive import Extractive
from jobs.errors import (
    BadModelRequestError,
    EmbeddingsUnsupportedError,
    IndexDiskFullError,
    IndexTooOldError,
    IndexUnavailableError,
    ModelOverloadedError,
)
from jobs.extraction.extract import extract
from jobs.llm.embeddings import Embedder
from jobs.models import Passage
from jobs.search import index as retrieval
from jobs.search.index import (
    KEYWORD_COLLECTION,
    PassageIndex,
    build_index,
    collection_of,
)
from jobs.search.keywords import keywords_of
from jobs.search.points import passage_id
from jobs.search.question_parts import split_question, take_turns
from jobs.settings import Settings
from tests.fakes import FakeModelServer

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
TEXTS = {
    "travel": "The hotel limit is EUR 160 per night, including breakfast.",
    "dividend": "The Management Board proposes a dividend of EUR 0.28 per share.",
    "remote": "Employees in office roles may work remotely up to three days a week.",
    "noise": "What is the of the in the and is the what was the of what is the.",
}


def passages_of(texts: dict[str, str]) -> list[Passage]:
    return [
        Passage(passage_id(name, 0), name, f"{name}.md", text, page=2, last_page=3)
        for name, text in texts.items()
    ]


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


@pytest.fixture
def make_index(settings: Settings) -> Iterator[Callable[..., PassageIndex]]:
    """Opens embedded indexes in the folder of this test, and closes what is still open."""
    opened: list[PassageIndex] = []

    def make(model: FakeModelServer | None = None, name: str = "stub") -> PassageIndex:
        for earlier in opened:
            earlier.close()
        embedder = Embedder(model.base_url, "key", name, 5) if model else None
        opened.append(build_index(settings, embedder))
        return opened[-1]

    yield make
    for index in opened:
        index.close()


def fill(index: PassageIndex, texts: dict[str, str] = TEXTS) -> str:
    """Put the texts into the target collection, with vectors where there are any."""
    collection = index.target_collection
    vectors = index.embedder.embed(list(texts.values())) if index.embedder else None
    index.ensure_collection(collection)
    index.upsert(collection, passages_of(texts), vectors)
    return collection


def found(index: PassageIndex, question: str, collection: str, limit: int = 3) -> list[str]:
    return [passage.document_id for passage in index.search(question, limit, collection)]


def test_passage_comes_back_as_it_was_stored(make_index: Callable[..., PassageIndex]) -> None:
    """Search returns every field of a passage, with a score of its own."""
    index = make_index()
    collection = fill(index)
    [passage] = index.search("dividend per share", 1, collection)
    assert passage.score > 0
    assert (passage.page, passage.last_page) == (2, 3)
    assert (passage.document_name, passage.text) == ("dividend.md", TEXTS["dividend"])
    assert passage.id == passage_id("dividend", 0)


def test_stop_words_do_not_rank(make_index: Callable[..., PassageIndex]) -> None:
    """A passage full of "what is the" is no answer to what the hotel limit is."""
    index = make_index()
    collection = fill(index)
    assert found(index, "What is the hotel limit?", collection) == ["travel"]


def test_question_of_stop_words_alone_is_searched_as_it_is(
    make_index: Callable[..., PassageIndex],
) -> None:
    """When nothing else is left, the little words are all there is."""
    assert keywords_of("What is it?") == "What is it?"
    assert keywords_of("What is the hotel limit?") == "hotel limit"
    index = make_index()
    assert found(index, "What is the?", fill(index))[0] == "noise"


def test_hybrid_search_uses_vectors_and_keywords(
    make_index: Callable[..., PassageIndex], model: FakeModelServer
) -> None:
    """A passage that only vectors find and one that only keywords find are both there."""
    index = make_index(model)
    collection = index.target_collection
    index.ensure_collection(collection)
    by_vector, by_keyword = passages_of({"vector": "Zzz.", "keyword": "The hotel limit."})
    index.upsert(collection, [by_vector], [model.vector("hotel limit night")])
    index.upsert(collection, [by_keyword], None)
    assert set(found(index, "hotel limit night", collection)) == {"vector", "keyword"}


def test_vectors_of_another_size_are_refused_with_advice(
    make_index: Callable[..., PassageIndex], model: FakeModelServer
) -> None:
    """Another model under the same name: nothing that it says can be compared with the index."""
    index = make_index(model)
    passages = passages_of(TEXTS)
    index.ensure_collection(index.target_collection)
    vectors = Embedder(model.base_url, "key", "stub", 5).embed([item.text for item in passages])
    index.upsert(index.target_collection, passages, vectors)
    model.dimensions = 32
    changed = make_index(model)
    with pytest.raises(BadModelRequestError, match=r"32 numbers.* have 64"):
        changed.search("hotel limit", 2, changed.target_collection)
    with pytest.raises(BadModelRequestError, match="EMBEDDING_MODEL"):
        changed.upsert(changed.target_collection, passages[:1], [[1.0] * 32])
    model.dimensions = 64
    assert make_index(model).search("hotel limit", 2, index.target_collection)


def test_passages_without_vectors_are_found_by_keywords_in_a_dense_collection(
    make_index: Callable[..., PassageIndex], model: FakeModelServer
) -> None:
    """A document added while the model differs is not lost to search."""
    index = make_index(model)
    collection = fill(index)
    extra = passages_of({"late": "Forklifts need a licence."})
    index.upsert(collection, extra, None)
    assert "late" in found(index, "forklifts licence", collection, limit=2)


def test_collection_of_another_model_is_searched_by_keywords_alone(
    make_index: Callable[..., PassageIndex], model: FakeModelServer
) -> None:
    """After EMBEDDING_MODEL changed the old collection answers, and vectors are never mixed."""
    old = fill(make_index(model, "old-model"))
    index = make_index(model, "new-model")
    model.requests.clear()
    assert index.target_collection != old
    assert found(index, "hotel limit", old)[0] == "travel"
    assert model.requests == []


def test_models_never_share_a_collection() -> None:
    """Names that look alike once made fit for a collection are still told apart."""
    names = ["text-embedding-3-small", "text/embedding/3/small", "Text-Embedding-3-Small", ""]
    assert len({collection_of(name) for name in names}) == len(names)
    assert collection_of("") == KEYWORD_COLLECTION


def test_server_without_embeddings_leaves_keyword_search(
    make_index: Callable[..., PassageIndex],
    model: FakeModelServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The question is answered all the same, the reason is kept, and it is not asked again soon."""
    index = make_index(model)
    collection = fill(index)
    model.embeddings_status = 501
    model.requests.clear()
    assert found(index, "hotel limit", collection)[0] == "travel"
    assert isinstance(index.embeddings_unsupported, EmbeddingsUnsupportedError)
    assert index.target_collection == KEYWORD_COLLECTION
    assert found(index, "hotel limit", collection)[0] == "travel"
    assert len(model.requests) == 1
    monkeypatch.setattr(retrieval, "UNSUPPORTED_SECONDS", 0.0)
    model.embeddings_status = 200
    assert found(index, "hotel limit", collection)[0] == "travel"
    assert index.target_collection == collection
    assert len(model.requests) == 2


def test_passing_fault_of_the_embedding_server_is_not_hidden(
    make_index: Callable[..., PassageIndex], model: FakeModelServer
) -> None:
    """A busy server is a reason to retry, not to answer from half a search."""
    index = make_index(model)
    collection = fill(index)
    model.embeddings_status = 503
    with pytest.raises(ModelOverloadedError):
        index.search("hotel", 3, collection)
    assert index.embeddings_unsupported is None


def test_missing_or_empty_collection_has_nothing(
    make_index: Callable[..., PassageIndex],
) -> None:
    """Before anything is indexed a search is empty, not an error."""
    index = make_index()
    assert index.search("hotel", 3, "passages-unknown") == []
    assert index.count("passages-unknown") == 0
    index.ensure_collection(KEYWORD_COLLECTION)
    assert index.search("hotel", 3, KEYWORD_COLLECTION) == []
    index.delete_document("travel", "passages-unknown")


def test_indexing_again_replaces_and_deleting_removes_one_document(
    make_index: Callable[..., PassageIndex],
) -> None:
    """Ids follow from the content, so nothing doubles; deletion leaves the others alone."""
    index = make_index()
    collection = fill(index)
    fill(index)
    assert index.count(collection) == len(TEXTS)
    index.delete_document("travel", collection)
    assert index.count(collection, "travel") == 0
    assert index.count(collection) == len(TEXTS) - 1
    assert found(index, "hotel limit", collection) == []
    index.drop(collection)
    assert index.count(collection) == 0


def test_index_survives_a_restart(
    make_index: Callable[..., PassageIndex], model: FakeModelServer
) -> None:
    """Passages, vectors and the keyword index are on disk."""
    collection = fill(make_index(model))
    reopened = make_index(model)
    assert found(reopened, "dividend per share", collection)[0] == "dividend"
    assert reopened.count(collection) == len(TEXTS)


def test_embedded_index_serves_many_threads(
    make_index: Callable[..., PassageIndex], model: FakeModelServer
) -> None:
    """Searches and writes at once neither fail nor lose a passage."""
    index = make_index(model)
    collection = fill(index)

    def write(number: int) -> None:
        texts = {f"extra{number}": f"Pallet number {number} is blue."}
        index.upsert(collection, passages_of(texts), index.embedder.embed(list(texts.values())))  # type: ignore[union-attr] # it has one

    with ThreadPoolExecutor(8) as pool:
        writes = [pool.submit(write, number) for number in range(20)]
        reads = [pool.submit(found, index, "hotel limit", collection) for _ in range(20)]
        for write_done in writes:
            write_done.result()
        assert all("travel" in read.result() for read in reads)
    assert index.count(collection) == len(TEXTS) + 20


def test_second_process_is_told_that_the_embedded_index_is_in_use(
    make_index: Callable[..., PassageIndex], settings: Settings
) -> None:
    """The lock of an embedded index becomes a sentence about workers."""
    make_index()
    with pytest.raises(IndexUnavailableError, match="another worker"):
        build_index(settings, None)


class _Reply(BaseHTTPRequestHandler):
    """Answers every request with one status and body, as a Qdrant server would."""

    status, body = 200, b""

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def serve() -> Iterator[Callable[[int, dict[str, str]], str]]:
    """Starts a server that gives this reply to everything, and returns its URL."""
    servers: list[HTTPServer] = []

    def start(status: int, body: dict[str, str]) -> str:
        reply = type("Reply", (_Reply,), {"status": status, "body": json.dumps(body).encode()})
        servers.append(HTTPServer(("127.0.0.1", 0), reply))
        threading.Thread(target=servers[-1].serve_forever, args=(0.02,), daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("version", "usable"), [("1.19.4", False), ("1.20.0", True), ("2.0", True)]
)
def test_server_must_know_scored_keyword_search(
    serve: Callable[..., str],
    make_settings: Callable[..., Settings],
    version: str,
    usable: bool,
) -> None:
    """Anything before 1.20 is refused with its version and what to do."""
    url = serve(200, {"title": "qdrant", "version": version})
    index = build_index(make_settings(qdrant_url=url), None)
    if usable:
        index.check()
    else:
        with pytest.raises(IndexTooOldError, match=version):
            index.check()
    index.close()


# True of this test's server; inside a compose network it is the usual way.
@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_refused_key_is_told_from_a_server_that_is_away(
    serve: Callable[..., str], make_settings: Callable[..., Settings]
) -> None:
    """Each has a sentence that names the setting to look at."""
    url = serve(401, {"status": "unauthorized"})
    refused = build_index(make_settings(qdrant_url=url, qdrant_api_key="wrong"), None)
    with pytest.raises(IndexUnavailableError, match="QDRANT_API_KEY"):
        refused.search("hotel", 3, KEYWORD_COLLECTION)
    away = build_index(make_settings(qdrant_url="http://127.0.0.1:1"), None)
    with pytest.raises(IndexUnavailableError, match="QDRANT_URL"):
        away.check()
    refused.close()
    away.close()


def test_server_with_a_full_disk_is_told_from_one_that_is_away(
    serve: Callable[..., str], make_settings: Callable[..., Settings]
) -> None:
    """Qdrant answers 500 like to any fault of its own; its words make the difference."""
    words = "Service internal error: No space left on device: WAL buffer size exceeds"
    for error, kind in (
        (words, IndexDiskFullError),
        ("Service internal error", IndexUnavailableError),
    ):
        index = build_index(make_settings(qdrant_url=serve(500, {"error": error})), None)
        with pytest.raises(IndexUnavailableError) as raised:
            index.delete_document("d", KEYWORD_COLLECTION)
        assert type(raised.value) is kind
        index.close()


def test_sample_questions_are_answered_without_a_model(
    make_index: Callable[..., PassageIndex], settings: Settings
) -> None:
    """The questions that a first visit suggests get the right sentence from the right document."""
    index = make_index()
    collection = index.target_collection
    index.ensure_collection(collection)
    for path in sorted(SAMPLES.iterdir()):
        if path.suffix != ".json":
            texts = [item.text for item in extract(path, path.name, settings).passages]
            passages = [
                Passage(passage_id(path.name, number), path.name, path.name, text)
                for number, text in enumerate(texts)
            ]
            index.upsert(collection, passages, None)
    for sample in json.loads((SAMPLES / "questions.json").read_text())[:6]:
        passages = index.search(sample["question"], 6, collection)
        quoted = "".join(chunk.text for chunk in Extractive().stream(sample["question"], passages))
        assert sample["answer"].lower() in quoted.lower(), sample["question"]
        assert sample["document"] in {passage.document_name for passage in passages}
    question = "What is the hotel limit, and who won the world cup?"
    found = [index.search(part, 6, collection) for part in split_question(question)]
    chunks = list(Extractive().stream(question, take_turns(found, 6)))
    assert "EUR 160" in chunks[0].text
    assert chunks[1].text.strip() == "Nothing was found about this: who won the world cup?"


def test_texts_are_read_by_id(make_index: Callable[..., PassageIndex]) -> None:
    """Those passages that are there give their texts; a missing collection has none."""
    index = make_index()
    collection = index.target_collection
    stored = passages_of(TEXTS)
    assert index.texts([stored[0].id], collection) == {}
    index.ensure_collection(collection)
    index.upsert(collection, stored, None)
    wanted = [stored[1].id, passage_id("nothing", 7)]
    assert index.texts(wanted, collection) == {stored[1].id: TEXTS["dividend"]}


@pytest.mark.parametrize("with_vectors", [True, False])
def test_search_finds_nothing_outside_its_scope(
    make_index: Callable[..., PassageIndex], model: FakeModelServer, with_vectors: bool
) -> None:
    """Neither by vectors nor by keywords does a passage of another document come."""
    index = make_index(model if with_vectors else None)
    collection = fill(index)
    question = "What is the hotel limit per night?"

    def found(*documents: str) -> set[str]:
        return {each.document_id for each in index.search(question, 10, collection, documents)}

    assert "travel" in found()
    assert found("dividend", "travel") >= {"travel"}
    assert found("dividend", "travel") <= {"dividend", "travel"}
    assert found("dividend", "remote") <= {"dividend", "remote"}
    assert found("deleted") == set()
