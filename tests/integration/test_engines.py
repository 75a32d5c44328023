"""One suite for both engines: the embedded one, and a client of Qdrant, here without a server.

`QdrantClient(":memory:")` takes the calls of the server's adapter and computes what a server does:
sparse vectors with the IDF of a filter, filters of payloads, vectors. It has no network, no lock
and no disk; what those do is in test_retrieval.py, test_edge_files.py and test_full_disk.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from jobs.models import Passage
from jobs.search.edge_engine import EdgeEngine
from jobs.search.engine import UPSERT_BATCH, Engine, Entry, Scope
from jobs.search.points import passage_id
from jobs.search.server_engine import ServerEngine
from jobs.search.sparse import K1, MEAN_TERMS, B

# An index of a payload field is for speed alone, which is not what is tried here.
pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")

NAME = "passages2-test"
EVERYBODY = Scope()


def edge(folder: Path) -> Engine:
    return EdgeEngine(folder / "index")


def server(_folder: Path) -> Engine:
    return ServerEngine(QdrantClient(":memory:"))


@pytest.fixture(params=[edge, server], ids=["edge", "server"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An engine with one empty collection, whose vectors have two numbers."""
    made: Engine = request.param(tmp_path)
    made.create(NAME, 2)
    yield made
    made.close()


def entry(
    document: str,
    terms: str,
    position: int = 0,
    *,
    vector: Sequence[float] | None = None,
    owner: str = "",
) -> Entry:
    text = f"Text of {document}, {position}: {terms}"
    passage = Passage(passage_id(document, position), document, f"{document}.md", text)
    return Entry(passage, terms.split(), vector, owner)


def by_words(
    engine: Engine, terms: str | dict[str, float], scope: Scope = EVERYBODY, limit: int = 10
) -> list[str]:
    weights = dict.fromkeys(terms.split(), 1.0) if isinstance(terms, str) else terms
    return [each.document_id for each in engine.by_words(NAME, weights, scope, limit)]


def test_passage_comes_back_with_all_that_was_stored(engine: Engine) -> None:
    """Every field, and the score of the search."""
    stored = Passage(
        passage_id("d", 3),
        "d",
        "d.pdf",
        "The hotel limit.",
        page=2,
        last_page=3,
        position=3,
        place="Sheet 1",
        section="Travel",
        ocr_confidence=0.5,
    )
    engine.upsert(NAME, [Entry(stored, ["hotel", "limit"], [1.0, 0.0])])
    [by_word] = engine.by_words(NAME, {"hotel": 1.0}, EVERYBODY, 5)
    [by_meaning] = engine.by_vector(NAME, [1.0, 0.0], EVERYBODY, 5)
    assert by_word == Passage(**{**vars(stored), "score": by_word.score})
    assert by_meaning.id == stored.id
    assert by_word.score > 0
    assert by_meaning.score == pytest.approx(1.0)


def test_score_is_bm25(engine: Engine) -> None:
    """Its frequency, the length of the passage, and how rare it is, as in the formula."""
    engine.upsert(NAME, [entry("a", "tax tax rate"), entry("b", "rate"), entry("c", "other")])
    [found] = engine.by_words(NAME, {"tax": 1.0}, EVERYBODY, 5)
    idf = math.log((3 - 1 + 0.5) / (1 + 0.5) + 1)
    frequency = 2 * (K1 + 1) / (2 + K1 * (1 - B + B * 3 / MEAN_TERMS))
    assert found.score == pytest.approx(idf * frequency, rel=1e-5)


def test_terms_weigh_what_the_question_says(engine: Engine) -> None:
    """Of two passages with one term each, that of the heavier term comes first."""
    engine.upsert(NAME, [entry("a", "hotel"), entry("b", "night")])
    assert by_words(engine, {"hotel": 1.0, "night": 0.5}) == ["a", "b"]
    assert by_words(engine, {"hotel": 0.5, "night": 1.0}) == ["b", "a"]


def test_only_passages_with_a_term_are_found(engine: Engine) -> None:
    """An unknown word finds nothing, in all documents or in one."""
    engine.upsert(NAME, [entry("a", "hotel"), entry("b", "")])
    assert by_words(engine, "xylophone") == []
    assert by_words(engine, "xylophone", Scope(documents=("a",))) == []
    assert by_words(engine, "hotel xylophone") == ["a"]


def test_passage_without_a_vector_is_found_by_words_alone(engine: Engine) -> None:
    """It gets one later, by id; ids that are gone do no harm."""
    engine.upsert(NAME, [entry("a", "hotel"), entry("b", "night", vector=[0.0, 1.0])])
    assert set(by_words(engine, "hotel night")) == {"a", "b"}
    assert [each.document_id for each in engine.by_vector(NAME, [1.0, 0.0], EVERYBODY, 5)] == ["b"]
    engine.set_vectors(NAME, {passage_id("a", 0): [1.0, 0.0], passage_id("gone", 0): [1.0, 0.0]})
    found = engine.by_vector(NAME, [1.0, 0.0], EVERYBODY, 5)
    assert [each.document_id for each in found] == ["a", "b"]
    assert by_words(engine, "hotel") == ["a"]
    assert engine.count(NAME) == 2


@pytest.mark.parametrize("by_meaning", [False, True])
def test_nobody_finds_what_another_owns(engine: Engine, by_meaning: bool) -> None:
    """Neither by words nor by meaning; nobody at all finds what is shared."""
    engine.upsert(
        NAME,
        [
            entry("shared", "hotel", vector=[1.0, 0.0]),
            entry("ann's", "hotel", vector=[1.0, 0.0], owner="ann"),
        ],
    )

    def found(scope: Scope) -> set[str]:
        passages = (
            engine.by_vector(NAME, [1.0, 0.0], scope, 5)
            if by_meaning
            else engine.by_words(NAME, {"hotel": 1.0}, scope, 5)
        )
        return {each.document_id for each in passages}

    assert found(Scope("ann")) == {"shared", "ann's"}
    assert found(Scope("bob")) == {"shared"}
    assert found(Scope()) == {"shared"}
    assert found(Scope("bob", ("ann's",))) == set()
    assert found(Scope("ann", ("ann's",))) == {"ann's"}


def test_rarity_of_a_term_is_that_among_what_is_searched(engine: Engine) -> None:
    """What others keep to themselves, or in other documents, does not show in a score."""
    engine.upsert(NAME, [entry("a", "tax"), entry("a", "rate rate rate", 1), entry("a", "x", 2)])
    alone = engine.by_words(NAME, {"tax": 1.0}, EVERYBODY, 1)[0].score
    engine.upsert(NAME, [entry("b", "tax", number, owner="bob") for number in range(20)])
    assert engine.by_words(NAME, {"tax": 1.0}, EVERYBODY, 1)[0].score == pytest.approx(alone)
    engine.upsert(NAME, [entry("c", "tax", number) for number in range(20)])
    scope = Scope(documents=("a",))
    assert engine.by_words(NAME, {"tax": 1.0}, scope, 1)[0].score == pytest.approx(alone)
    assert engine.by_words(NAME, {"tax": 1.0}, EVERYBODY, 1)[0].score < alone


def test_more_than_a_batch_is_stored_and_counted(engine: Engine) -> None:
    """Of one document or of all; a deletion leaves the others alone."""
    many = 2 * UPSERT_BATCH + 1
    engine.upsert(NAME, (entry("a", f"word{number}", number) for number in range(many)))
    engine.upsert(NAME, [entry("b", "word1")])
    assert (engine.count(NAME), engine.count(NAME, "a")) == (many + 1, many)
    assert by_words(engine, f"word{many - 1}") == ["a"]
    engine.delete_document(NAME, "a")
    assert (engine.count(NAME), engine.count(NAME, "a")) == (1, 0)
    assert by_words(engine, "word1") == ["b"]


def test_passage_stored_again_takes_the_place_of_the_first(engine: Engine) -> None:
    """With its new terms, and without the old ones or the old vector."""
    engine.upsert(NAME, [entry("a", "hotel", vector=[1.0, 0.0])])
    engine.upsert(NAME, [entry("a", "night")])
    assert engine.count(NAME) == 1
    assert by_words(engine, "hotel") == []
    assert by_words(engine, "night") == ["a"]
    assert engine.by_vector(NAME, [1.0, 0.0], EVERYBODY, 5) == []


def test_texts_are_read_by_id(engine: Engine) -> None:
    """Those that exist."""
    engine.upsert(NAME, [entry("a", "hotel"), entry("b", "night")])
    wanted = [passage_id("a", 0), passage_id("gone", 0)]
    assert [(each.id, each.text) for each in engine.passages(NAME, wanted)] == [
        (passage_id("a", 0), "Text of a, 0: hotel")
    ]


def test_collections_come_and_go(engine: Engine) -> None:
    """Creating one again changes nothing; dropping one that is gone neither."""
    engine.upsert(NAME, [entry("a", "hotel")])
    engine.create(NAME, 2)
    engine.create("other", None)
    assert engine.collections() == {NAME, "other"}
    assert (engine.vector_size(NAME), engine.vector_size("other")) == (2, None)
    assert engine.count(NAME) == 1
    engine.drop("other")
    engine.drop("other")
    assert (engine.exists("other"), engine.exists(NAME)) == (False, True)


def test_best_of_many_come_first(engine: Engine) -> None:
    """In the order of their scores, and no more than were asked for."""
    engine.upsert(NAME, [entry(f"d{number}", "tax " * number) for number in range(1, 10)])
    found = engine.by_words(NAME, {"tax": 1.0}, EVERYBODY, 4)
    assert [each.document_id for each in found] == ["d9", "d8", "d7", "d6"]
    scores = [each.score for each in found]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("text", ["预算", "ใบอนุญาต", "naïve", "½", "\U0001f9fe", "\ud800"])
def test_term_of_any_script_finds_its_passage(engine: Engine, text: str) -> None:
    """Whatever characters it has."""
    passage = Passage(passage_id("a", 0), "a", "a.md", "Text")
    engine.upsert(NAME, [Entry(passage, [text])])
    assert by_words(engine, {text: 1.0}) == ["a"]


def test_both_engines_agree(tmp_path: Path) -> None:
    """The same passages and questions have the same scores."""
    engines: list[Engine] = [make(tmp_path) for make in (edge, server)]
    texts = ["tax rate of the year", "rate of interest", "tax tax tax", "the year the year"]
    scores: list[Callable[[str], dict[str, float]]] = []
    for engine in engines:
        engine.create(NAME, None)
        engine.upsert(NAME, [entry(f"d{number}", text) for number, text in enumerate(texts)])

        def scored(question: str, engine: Engine = engine) -> dict[str, float]:
            terms = dict.fromkeys(question.split(), 1.0)
            found = engine.by_words(NAME, terms, EVERYBODY, 9)
            return {each.id: each.score for each in found}

        scores.append(scored)
    for question in ("tax", "rate year", "the tax of interest"):
        embedded, remote = (score(question) for score in scores)
        assert embedded == pytest.approx(remote, rel=1e-4)
        assert embedded
    for engine in engines:
        engine.close()
