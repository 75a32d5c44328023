"""From an upload to a question: what is stored of a document for search, and what finds it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jobs.cancellation import Cancellation
from jobs.documents.client import DocumentClient
from jobs.documents.file_store import FileStore
from jobs.documents.repository import DocumentRepository
from jobs.models import Document, Visibility
from jobs.queue.broker import Broker
from jobs.search.card_catalog import CardCatalog
from jobs.search.index import build_index
from jobs.search.indexer import Indexer
from jobs.search.searcher import Found, Searcher
from jobs.settings import Settings

HARBOUR = """# Annual report 2023

Best Harbour plc: in 2023, Best Harbour sold more than in 2022. The board of Best Harbour proposes
a dividend of EUR 0.28 per share.
"""
TIMBER = """# Annual report 2023

Northern Timber: in 2023, Northern Timber sold less. The board of Northern Timber proposes a
dividend of EUR 0.11 per share, a dividend that is lower than the dividend of the year before.
"""
OTHERS = {
    "memo.txt": "会議の議事録。次回の会議は十月三日に大阪で行う。予算は二百万円とする。",
    "纪要.txt": "会议纪要。下次会议于十月三日在成都举行。预算为两百万元。",
    "thai.txt": "การประชุมครั้งต่อไปจะจัดขึ้นที่เชียงใหม่ งบประมาณคือสองล้านบาท",
    "vertrag.txt": "Der Vertrag über die Lagerhalle endet am 30. September 2028. Bei Verspätung "
    "fällt eine Gebühr von 1.250,00 EUR an.",
}


class Library:
    """Documents that are indexed as they are added, and the search of them."""

    def __init__(self, broker: Broker, settings: Settings) -> None:
        self.register = DocumentRepository(broker.connection)
        store = FileStore(settings.document_store_url)
        self._client = DocumentClient(broker, store, self.register)
        self.index = build_index(settings, None)
        self._indexer = Indexer(self.register, self._client, store, self.index, settings)
        self._searcher = Searcher(self.index, CardCatalog(self.register))

    def add(self, name: str, text: str, user: str = "ann", *, private: bool = False) -> Document:
        visibility = Visibility.PRIVATE if private else Visibility.SHARED
        document, _ = self._client.add(user, name, text.encode(), visibility)
        self._indexer.index_document(document.id, Cancellation())
        return self._client.get(document.id, user)

    def ask(self, question: str, user: str = "ann") -> Found:
        active = self.register.index_state().active
        return self._searcher.search(question, 6, active, (), user)


@pytest.fixture
def library(broker: Broker, settings: Settings) -> Iterator[Library]:
    made = Library(broker, settings)
    yield made
    made.index.close()


def test_a_document_gets_its_card_when_it_is_indexed(library: Library) -> None:
    """It is kept with its entry."""
    card = library.add("harbour.md", HARBOUR).card
    assert card is not None
    assert (card.language, card.years) == ("en", "2023 2022")
    assert card.opening.startswith("Annual report 2023")


def test_the_named_document_comes_first(library: Library) -> None:
    """Though another has the words of the question more often."""
    library.add("a.md", HARBOUR)
    library.add("b.md", TIMBER)
    for name, text in OTHERS.items():
        library.add(name, text)
    found = library.ask("Which dividend does Best Harbour propose?")
    assert [each.document_name for each in found.passages[:2]] == ["a.md", "b.md"]
    assert found.mainly_in == ("a.md",)


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("次回の会議はどこで行いますか？", "memo.txt"),
        ("下次会议在哪里举行？", "纪要.txt"),
        ("งบประมาณเท่าไร", "thai.txt"),
        ("Welche Halle ist gemietet?", "vertrag.txt"),
        ("Gebühren Verspätungen", "vertrag.txt"),
        ("What ends on 2028-09-30?", "vertrag.txt"),
    ],
)
def test_each_language_is_found_in_its_way(library: Library, question: str, name: str) -> None:
    """By pairs of letters, by parts of compounds, by stems of the documents' language."""
    for each, text in OTHERS.items():
        library.add(each, text)
    assert library.ask(question).passages[0].document_name == name


def test_a_passage_is_found_by_the_name_of_its_document(library: Library) -> None:
    """Which is no part of its text."""
    library.add("travel-policy.txt", "The limit is EUR 160 per night.")
    library.add("other.txt", "The limit is EUR 20 per day.")
    [passage] = library.ask("travel").passages
    assert passage.document_name == "travel-policy.txt"
    assert passage.text == "The limit is EUR 160 per night."


def test_private_documents_of_others_have_no_part_in_a_search(library: Library) -> None:
    """They are neither found nor named."""
    library.add("harbour.md", HARBOUR, "bob", private=True)
    library.add("timber.md", TIMBER)
    found = library.ask("Which dividend does Best Harbour propose?")
    assert {each.document_name for each in found.passages} == {"timber.md"}
    assert "harbour.md" not in found.mainly_in
    assert "harbour.md" in {
        each.document_name
        for each in library.ask("Which dividend does Best Harbour propose?", "bob").passages
    }
