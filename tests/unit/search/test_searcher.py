"""From a question to passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from jobs.errors import ModelError, ModelTimeoutError
from jobs.llm.rerank import Reranker
from jobs.models import Document, DocumentCard, DocumentStatus, Passage
from jobs.search import card_catalog
from jobs.search.card_catalog import NOT_READY_SECONDS, WITHOUT_CARD_SECONDS, CardCatalog
from jobs.search.searcher import PHRASE_WEIGHT, Searcher, merged, take_turns


def passage(document: str, number: int, score: float) -> Passage:
    return Passage(f"{document}{number}", document, f"{document}.pdf", "text", score=score)


@dataclass
class Index:
    """Finds these passages, of the documents that are asked for, and remembers the terms."""

    passages: Sequence[Passage]
    nearest: Sequence[Passage] = ()
    terms: Mapping[str, float] = field(default_factory=dict)

    def by_words(
        self,
        terms: Mapping[str, float],
        limit: int,
        collection: str,
        *,
        documents: Sequence[str] = (),
        user: str = "",
        question: str = "",
    ) -> list[Passage]:
        self.terms = terms
        found = [each for each in self.passages if not documents or each.document_id in documents]
        return found[:limit]

    def question_vector(self, question: str, collection: str) -> list[float] | None:
        return [1.0] if self.nearest else None

    def by_vector(
        self,
        vector: Sequence[float],
        limit: int,
        collection: str,
        *,
        documents: Sequence[str] = (),
        user: str = "",
    ) -> list[Passage]:
        return [each for each in self.nearest if not documents or each.document_id in documents]


@dataclass
class Register:
    """Has these documents, and counts what is read of them."""

    documents: dict[str, Document]
    changes: int = 0
    read: list[str] = field(default_factory=list)

    def version(self, user: str) -> tuple[object, ...]:
        return (self.changes,)

    def ids_of(self, user: str) -> Sequence[str]:
        return list(self.documents)

    def find(self, ids: Sequence[str], user: str) -> Sequence[Document]:
        self.read += ids
        return [self.documents[each] for each in ids if each in self.documents]


def document(name: str, language: str = "en", **fields: object) -> Document:
    values = {"status": DocumentStatus.INDEXED, "card": DocumentCard(language)} | fields
    return Document(name, f"{name}.pdf", 1, **values)  # type: ignore[arg-type]


NAMES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")


@pytest.fixture
def register() -> Register:
    return Register({name: document(name) for name in NAMES})


class Reversed(Reranker):
    """A reranker that turns every order around, or fails."""

    def __init__(self, error: ModelError | None = None) -> None:
        self.error = error

    def rerank(self, question: str, texts: Sequence[str]) -> list[int]:
        if self.error is not None:
            raise self.error
        return [*reversed(range(len(texts)))]


def searcher(passages: Sequence[Passage], register: Register) -> Searcher:
    return Searcher(Index(passages), CardCatalog(register))


def test_passages_of_a_named_document_go_before_slightly_better_ones(register: Register) -> None:
    """What a question means counts more, and what it does not mean is found too."""
    passages = [passage("alpha", 1, 3.0), passage("beta", 1, 2.0)]
    found = searcher(passages, register).search("What is the limit of Beta?", 6, "c")
    assert [each.document_id for each in found.passages] == ["beta", "alpha"]
    assert found.mainly_in == ("beta.pdf",)


def test_everywhere_all_documents_count_alike(register: Register) -> None:
    """As the reader of an answer may ask for."""
    passages = [passage("alpha", 1, 3.0), passage("beta", 1, 2.0)]
    found = searcher(passages, register).search("the limit of Beta", 6, "c", everywhere=True)
    assert [each.document_id for each in found.passages] == ["alpha", "beta"]
    assert found.mainly_in == ()


def test_one_chosen_document_is_searched_as_it_is(register: Register) -> None:
    """There is nothing to weigh."""
    passages = [passage("alpha", 1, 3.0), passage("beta", 1, 2.0)]
    found = searcher(passages, register).search("the limit of Beta", 6, "c", ["alpha"])
    assert found.passages == (passages[0],)
    assert found.mainly_in == ()


def test_several_named_documents_take_turns(register: Register) -> None:
    """One of them does not push the other out."""
    passages = [
        *(passage("alpha", number, 9.0) for number in range(9)),
        passage("beta", 1, 1.0),
        passage("gamma", 1, 8.0),
    ]
    found = searcher(passages, register).search("Compare Alpha with Beta", 4, "c")
    assert {"alpha", "beta"} <= {each.document_id for each in found.passages}
    assert set(found.mainly_in) == {"alpha.pdf", "beta.pdf"}


def test_phrases_count_less_than_the_question(register: Register) -> None:
    """What the glossary adds was not asked."""
    searching = searcher([passage("alpha", 1, 1.0)], register)
    searching.search("capex", 6, "c", phrases=["purchases of equipment", "capex"])
    assert isinstance(searching.index, Index)
    assert searching.index.terms == {
        "capex": 1,
        "purchas": PHRASE_WEIGHT,
        "equip": PHRASE_WEIGHT,
    }


def test_words_have_the_stems_of_the_languages_searched(register: Register) -> None:
    """Those of the documents, not of the question alone."""
    register.documents = {"vertrag": document("vertrag", "de"), "alpha": document("alpha")}
    searching = searcher([passage("vertrag", 1, 1.0)], register)
    searching.search("Gebühren", 6, "c")
    assert isinstance(searching.index, Index)
    assert "gebuhr" in searching.index.terms


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic time, as the only item."""
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_nothing_is_read_again_until_something_changes(
    register: Register, clock: list[float]
) -> None:
    """Then only what is new, and what was not ready."""
    catalog = CardCatalog(register)
    register.documents["late"] = document("late", status=DocumentStatus.INDEXING, card=None)
    catalog.searched("anna")
    assert len(catalog.searched("anna").ids) == len(NAMES)
    assert len(register.read) == len(NAMES) + 1
    register.documents |= {"late": document("late"), "new": document("new")}
    register.changes += 1
    clock[0] += NOT_READY_SECONDS
    assert {"late", "new"} <= catalog.searched("anna").ids
    assert sorted(register.read[len(NAMES) + 1 :]) == ["late", "new"]
    clock[0] += 1_000
    catalog.searched("anna")
    assert len(register.read) == len(NAMES) + 3


def test_those_that_wait_do_not_keep_others_from_being_read(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of thousands that were just added, none is known yet; older ones are read meanwhile."""
    monkeypatch.setattr(card_catalog, "READ_AT_ONCE", 3)
    waiting = {f"new{n}": document(f"new{n}", status=DocumentStatus.QUEUED) for n in range(3)}
    register.documents = waiting | register.documents
    catalog = CardCatalog(register)
    for _ in range(5):
        searched = catalog.searched("anna")
    assert searched.ids == set(NAMES)


def test_what_was_deleted_is_not_searched(register: Register) -> None:
    """Though its card may still be known."""
    catalog = CardCatalog(register)
    catalog.searched("anna")
    del register.documents["beta"]
    register.changes += 1
    searched = catalog.searched("anna")
    assert "beta" not in searched.ids
    assert catalog.route("Beta", searched).mainly == ()


def test_documents_of_an_earlier_index_are_known_by_their_names(
    register: Register, clock: list[float]
) -> None:
    """Until they have a card, which is looked for again after a while."""
    register.documents["beta"] = document("beta", card=None)
    catalog = CardCatalog(register)
    assert catalog.route("Beta", catalog.searched("anna")).mainly == ("beta",)
    register.documents["beta"] = document("beta", "de")
    register.changes += 1
    assert "de" not in catalog.searched("anna").languages
    clock[0] += WITHOUT_CARD_SECONDS
    assert "de" in catalog.searched("anna").languages


def test_scores_of_a_second_search_are_scaled_to_the_first() -> None:
    """By what both found, so that a rarer word there does not count more."""
    found = [passage("alpha", 1, 6.0), passage("beta", 1, 4.0)]
    more = [passage("beta", 1, 8.0), passage("beta", 2, 6.0)]
    assert [(each.id, each.score) for each in merged(found, more)] == [
        ("alpha1", 6.0),
        ("beta1", 4.0),
        ("beta2", 3.0),
    ]


def test_what_vectors_find_is_among_it(register: Register) -> None:
    """Words and meaning both count."""
    searching = searcher([passage("alpha", 1, 3.0)], register)
    assert isinstance(searching.index, Index)
    searching.index.nearest = [passage("beta", 1, 0.9)]
    found = searching.search("the limit", 6, "c")
    assert {each.document_id for each in found.passages} == {"alpha", "beta"}


def test_no_passage_comes_twice_by_turns() -> None:
    """Each group and all of them in turn, until none is left."""
    ranked = [passage("alpha", 1, 3.0), passage("alpha", 2, 2.0), passage("beta", 1, 1.0)]
    turns = take_turns(ranked, [["alpha"], ["beta"]])
    assert [each.id for each in turns] == ["alpha1", "beta1", "alpha2"]


def test_reranker_has_the_last_word(register: Register) -> None:
    """It orders more passages than are returned; one that fails leaves them, with a note."""
    found = [passage("alpha", number, 9.0 - number) for number in range(5)]
    index, catalog = Index(found), CardCatalog(register)
    reranked = Searcher(index, catalog, Reversed()).search("limits", 2, "c", ["alpha"])
    assert [each.id for each in reranked.passages] == ["alpha4", "alpha3"]
    assert reranked.notes == ()
    failed = Searcher(index, catalog, Reversed(ModelTimeoutError())).search(
        "limits", 2, "c", ["alpha"]
    )
    assert [each.id for each in failed.passages] == ["alpha0", "alpha1"]
    assert len(failed.notes) == 1
