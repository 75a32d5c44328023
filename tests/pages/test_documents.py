"""The Documents page: the list, uploads, deletion, indexing again."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

import pandas as pd

from jobs.errors import BrokerUnavailableError
from jobs.models import SAMPLES_USER, DocumentStatus, Failure, IndexState
from tests.pages.conftest import OpenPage, button_keys, words
from tests.pages.fakes import USER, FakeClients
from ui.components.common.text import plain

UNREADABLE = Failure("unreadable_document", "No text could be read from this file.")


def test_no_documents_invites_to_add_some(open_page: OpenPage) -> None:
    """An empty list says what to do."""
    app = open_page("documents")
    assert "No documents yet." in words(app)
    assert not app.dataframe


def test_list_has_the_facts_of_each_document(clients: FakeClients, open_page: OpenPage) -> None:
    """Name, size, pages, passages, status and who added it."""
    clients.documents.put("report.pdf", pages=9, passages=18, added_by=USER)
    app = open_page("documents")
    row = app.dataframe[0].value.iloc[0]
    assert (row["Name"], row["Size"], row["Pages"], row["Passages"], row["By"]) == (
        "report.pdf",
        "4.2 kB",
        9,
        18,
        "you",
    )
    assert list(row["Status"]) == ["Indexed"]
    assert "1 document, 1 indexed, 18 passages" in words(app)
    assert app.session_state["refresh_seconds"] is None


def test_table_says_what_documents_came_with(open_page: OpenPage, clients: FakeClients) -> None:
    """Only where one came with another."""
    clients.documents.put("travel.md")
    assert "Came with" not in open_page("documents").dataframe[0].value
    clients.documents.put("escrow.txt", came_with="deal.zip")
    table = open_page("documents").dataframe[0].value
    assert set(table["Came with"]) == {"", "deal.zip"}


def test_notes_are_counted_in_the_table_and_stand_below_it(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """Each remark on what was not read is there as plain text; without any there is no column."""
    clients.documents.put("whole.pdf")
    assert "Notes" not in open_page("documents").dataframe[0].value
    notes = ("Page 2 holds no text.", "A [link](http://x.y) was *not* read.")
    clients.documents.put("scan.pdf", notes=notes)
    app = open_page("documents")
    assert set(app.dataframe[0].value["Notes"]) == {"", "⚠ 2"}
    assert "1 document with notes" in app.expander[0].label
    lines = app.expander[0].markdown[0].value.splitlines()
    assert lines == [f"**{plain('scan.pdf')}**", "", *(f"- {plain(note)}" for note in notes)]


def test_list_says_until_when_each_document_is_kept(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """Thirty days from when it was added; a sample has no end, and nothing leaves soon."""
    added = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
    clients.documents.put("report.pdf", added_at=added, added_by=USER)
    clients.documents.put("sample.md", added_by=SAMPLES_USER)
    app = open_page("documents")
    kept = app.dataframe[0].value["Kept until"]
    assert kept.iloc[0] == date(2100, 1, 31)
    assert pd.isna(kept.iloc[1])
    assert "will be removed" not in words(app)


def test_documents_that_leave_soon_are_announced(clients: FakeClients, open_page: OpenPage) -> None:
    """Those with less than three days left are counted, with what keeps them."""
    for name, days in (("a.md", 27.5), ("b.md", 29), ("c.md", 26.5)):
        clients.documents.put(name, added_at=time.time() - days * 86400)
    assert "2 documents will be removed within 3 days. Add a file again to keep it." in words(
        open_page("documents")
    )


def test_documents_without_an_end_have_no_such_column(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """With a retention of 0 the table does not speak of it."""
    clients.settings = clients.settings.model_copy(update={"document_retention_days": 0})
    clients.documents.put("report.pdf", added_at=0.0)
    app = open_page("documents")
    assert "Kept until" not in app.dataframe[0].value
    assert "will be removed" not in words(app)


def test_indexing_shows_live_progress(clients: FakeClients, open_page: OpenPage) -> None:
    """While a document is indexed, its progress shows and the page refreshes itself."""
    document = clients.documents.put(
        "report.pdf", DocumentStatus.INDEXING, progress=0.4, stage="embedding 3 of 8"
    )
    app = open_page("documents")
    row = app.dataframe[0].value.iloc[0]
    assert (row["Progress"], row["Stage"]) == (0.4, "Embedding 3 of 8")
    assert "Kept until" not in row
    assert app.session_state["refresh_seconds"] == 1.5
    clients.documents.put("report.pdf")
    app.run()
    assert "Progress" not in app.dataframe[0].value
    assert app.session_state["refresh_seconds"] is None
    assert document in clients.documents.entries


def test_vectors_that_are_still_made_show_their_progress(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """An indexed document can be asked; how far its vectors are shows until all are there."""
    clients.documents.put("report.pdf", passages=8, to_embed=6)
    app = open_page("documents")
    row = app.dataframe[0].value.iloc[0]
    assert (row["Status"], row["Progress"], row["Stage"]) == (["Indexed"], 0.25, "Meaning")
    assert app.session_state["refresh_seconds"] == 1.5
    clients.documents.put("report.pdf", passages=8)
    app.run()
    assert "Progress" not in app.dataframe[0].value


def test_upload_tells_what_became_of_each_file(clients: FakeClients, open_page: OpenPage) -> None:
    """Of several files at once, each is added, recognised, or refused with its reason."""
    app = open_page("documents")
    app.file_uploader[0].set_value(
        [
            ("a.txt", b"alpha", "text/plain"),
            ("b.txt", b"alpha", "text/plain"),
            ("c.txt", b"", "text/plain"),
        ]
    ).run()
    text = words(app)
    assert "**a.txt** – added; the list below shows its progress" in text
    assert "**b.txt** – already there as “a.txt”" in text
    assert "**c.txt** – “c.txt” is empty." in text
    assert [entry.name for entry in clients.documents.list_documents()] == ["a.txt"]
    app.button(key="upload_results_dismiss").click().run()
    assert "a.txt** – added" not in words(app)


def test_failed_document_says_why_and_can_be_retried(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """A document that could not be indexed shows the reason, with a retry."""
    document = clients.documents.put("scan.pdf", DocumentStatus.FAILED, failure=UNREADABLE)
    app = open_page("documents")
    assert "**scan.pdf** could not be indexed" in words(app)
    assert UNREADABLE.message in words(app)
    app.button(key=f"retry_document_{document}").click().run()
    assert clients.documents.get(document).status is DocumentStatus.QUEUED
    assert not app.error


def test_deletion_asks_first(clients: FakeClients, open_page: OpenPage) -> None:
    """A document goes only after a confirmation; "Keep it" keeps it."""
    document = clients.documents.put("report.pdf")
    app = open_page("documents")
    app.session_state["document_to_delete"] = document
    app.run()
    app.button(key="deletion_cancelled").click().run()
    assert document in clients.documents.entries
    assert "deletion_confirmed" not in button_keys(app)
    app.session_state["document_to_delete"] = document
    app.run()
    assert "is removed from the list and the index" in words(app)
    app.button(key="deletion_confirmed").click().run()
    assert clients.documents.entries == {}
    assert "deletion_confirmed" not in button_keys(app)


def test_chosen_document_is_indexed_again_and_deleted(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """What the table offers in a row can be done without it; the choice goes with the document."""
    document, other = clients.documents.put("report.pdf"), clients.documents.put("other.pdf")
    app = open_page("documents")
    assert app.button(key="chosen_delete").disabled
    app.selectbox[0].set_value(document).run()
    app.button(key="chosen_index_again").click().run()
    assert clients.documents.get(document).status is DocumentStatus.QUEUED
    app.button(key="chosen_delete").click().run()
    app.button(key="deletion_confirmed").click().run()
    assert list(clients.documents.entries) == [other]
    assert app.selectbox[0].value is None
    assert app.button(key="chosen_delete").disabled
    assert not app.exception


def test_changed_model_offers_to_index_again(clients: FakeClients, open_page: OpenPage) -> None:
    """After the embedding model changed, everything can be indexed again, with progress."""
    clients.documents.put("report.pdf")
    clients.documents.index = IndexState(active="old", target="new", documents=4)
    app = open_page("documents")
    assert "The embedding model has changed" in words(app)
    app.button(key="reindex_all").click().run()
    assert clients.documents.reindexing
    assert "reindex_all" not in button_keys(app)
    assert app.get("progress")
    assert app.session_state["refresh_seconds"] == 1.5


def test_index_of_an_earlier_version_is_no_change_of_the_model(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """It is renewed by itself; the page says so, and what answers meanwhile."""
    clients.documents.put("report.pdf")
    clients.documents.index = IndexState("passages-keywords", "passages2-keywords", documents=4)
    text = words(open_page("documents"))
    assert "This version has a new index" in text
    assert "indexed again by itself" in text
    assert "The embedding model has changed" not in text


def test_outage_is_told_without_a_trace(clients: FakeClients, open_page: OpenPage) -> None:
    """Without Valkey the page says so and looks again."""
    clients.documents.error = BrokerUnavailableError()
    app = open_page("documents")
    assert BrokerUnavailableError.message in words(app)
    assert app.session_state["refresh_seconds"] == 3.0


def test_documents_that_wait_without_a_worker_say_so(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """Documents that wait while no worker lives lead to the command that starts one."""
    clients.documents.put("report.pdf", DocumentStatus.QUEUED, added_at=0.0)
    clients.jobs.reports = []
    assert "No worker is running" in words(open_page("documents"))


def test_private_document_has_a_lock_and_is_for_its_owner_alone(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """Where one is private, the table says who sees which; none of another's is listed."""
    mine = clients.documents.put("mine.md", owner=USER)
    clients.documents.put("theirs.md", owner="b-bob", added_by="b-bob")
    clients.documents.put("all.md")
    table = open_page("documents").dataframe[0].value
    assert dict(zip(table["Name"], (each[0] for each in table["Visible to"]), strict=True)) == {
        "mine.md": "🔒 Only you",
        "all.md": "Everyone",
    }
    clients.documents.entries.pop(mine)
    assert "Visible to" not in open_page("documents").dataframe[0].value


def test_upload_is_private_only_if_that_is_chosen(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """Shared is the choice at first, and the other one lasts for the session."""
    app = open_page("documents")
    assert app.radio[0].value == "shared"
    app.radio[0].set_value("private").run()
    app.file_uploader[0].set_value([("a.txt", b"alpha", "text/plain")]).run()
    assert "**a.txt** – added, for you only" in words(app)
    listed = clients.documents.list_documents(USER)
    assert [(document.name, document.owner) for document in listed] == [("a.txt", USER)]
    assert app.radio[0].value == "private"


def test_document_of_another_can_be_seen_and_not_managed(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """Neither its row nor the choice below the table offers what only its adder may do."""
    clients.documents.put("theirs.md", added_by="b-bob")
    failed = clients.documents.put(
        "scan.pdf", DocumentStatus.FAILED, failure=UNREADABLE, added_by="b-bob"
    )
    app = open_page("documents")
    table = app.dataframe[0].value
    assert set(table["Name"]) == {"theirs.md", "scan.pdf"}
    assert not any(len(actions) for actions in table["Actions"])
    assert not app.get("selectbox")
    assert f"retry_document_{failed}" not in button_keys(app)
    assert UNREADABLE.message in words(app)
