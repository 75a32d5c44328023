"""The Batches page: what is uploaded or pasted, the list, one batch and its buttons."""

from __future__ import annotations

import io

import pytest
from openpyxl import Workbook
from streamlit.testing.v1 import AppTest

from jobs.batches.models import BatchState, RowState
from jobs.errors import BrokerUnavailableError, InvalidBatchError
from jobs.models import WorkerReport
from tests.pages.conftest import OpenPage, button_keys, words
from tests.pages.fakes import FakeClients

CSV = b"Id;Question\n1;Who signs?\n2;Who pays?\n3;\n4;Who pays?\n"
FINISHED, FAILED, PENDING = RowState.FINISHED, RowState.FAILED, RowState.PENDING
STARTED, STOPPED = RowState.STARTED, RowState.STOPPED
OWN_BUTTONS = {"batch_pause", "batch_resume", "batch_stop", "batch_retry_failed"}


@pytest.fixture(autouse=True)
def worker(clients: FakeClients) -> None:
    """A worker that serves batches."""
    clients.jobs.reports = [WorkerReport("w", 0.0, queues=("questions", "batch"))]


def upload(app: AppTest, name: str = "audit.csv", data: bytes = CSV) -> AppTest:
    app.file_uploader[0].set_value((name, data, "text/csv")).run()
    assert not app.exception, app.exception
    return app


def open_batch(open_page: OpenPage, batch_id: str) -> AppTest:
    app = open_page("batch")
    app.button(key=f"open_batch_{batch_id}").click().run()
    assert not app.exception, app.exception
    return app


def bars(app: AppTest) -> list[str]:
    return [element.proto.body for element in app.get("html")]


def test_upload_shows_what_would_be_asked(clients: FakeClients, open_page: OpenPage) -> None:
    """The column is guessed, what is skipped is counted, and the button submits the rest."""
    app = upload(open_page("batch"))
    assert "2 questions in 4 rows" in words(app).replace("*", "")
    assert "1 row without a question and 1 duplicate will be skipped" in words(app)
    assert len(app.dataframe[0].value) == 4
    app.button(key="batch_submit").click().run()
    (lines,) = clients.batches.submitted
    assert (lines.name, lines.questions, lines.column) == (
        "audit.csv",
        ("Who signs?", "Who pays?"),
        1,
    )
    assert "audit.csv" in words(app)
    assert app.query_params["batch"] in ("batch-1", ["batch-1"])
    assert app.session_state["refresh_seconds"] == 1.5


def test_guesses_can_be_corrected(clients: FakeClients, open_page: OpenPage) -> None:
    """Another column, and no row with names."""
    app = upload(open_page("batch"))
    app.selectbox[0].select_index(0).run()
    assert "3 questions in 5 rows" in words(app).replace("*", "")
    app.selectbox[1].select_index(0).run()
    app.button(key="batch_submit").click().run()
    assert clients.batches.submitted[0].questions == ("Id", "1", "2", "3", "4")


def test_row_with_the_names_can_be_chosen(clients: FakeClients, open_page: OpenPage) -> None:
    """Titles above it are no rows; one further down begins the table there."""
    data = b"List,\n,\nId,Question\n1,Who signs?\nNo.,Frage\n2,Wer zahlt?\n"
    app = upload(open_page("batch"), "a.csv", data)
    assert app.selectbox[0].value == 2
    app.selectbox[0].select_index(5).run()
    app.button(key="batch_submit").click().run()
    assert clients.batches.submitted[0].header == ("No.", "Frage")
    assert clients.batches.submitted[0].questions == ("Wer zahlt?",)


def test_questions_without_results_leave_the_choices(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """Another column of the workbook can be asked."""
    book = Workbook()
    for row in (["City", "Question"], ["Ghent", '="What of "&A2&"?"']):
        book.worksheets[0].append(row)
    data = io.BytesIO()
    book.save(data)
    app = upload(open_page("batch"), "a.xlsx", data.getvalue())
    assert "The question in row 2 is a formula" in words(app)
    app.selectbox[1].select_index(0).run()
    app.button(key="batch_submit").click().run()
    assert clients.batches.submitted[0].questions == ("Ghent",)


def test_pasted_lines_are_asked(clients: FakeClients, open_page: OpenPage) -> None:
    """One question a line."""
    app = open_page("batch")
    app.segmented_control(key="batch_source").set_value("Paste lines").run()
    app.text_area[0].input("Who signs?\n\nWho pays?").run()
    app.button(key="batch_submit").click().run()
    assert clients.batches.submitted[0].questions == ("Who signs?", "Who pays?")


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.csv", b"\x00\x01\x02" * 9, "neither CSV nor XLSX"),
        ("a.xlsx", b"Question\nWho?", "no workbook of the kind XLSX"),
        ("a.csv", b"  \n", "This file is empty."),
    ],
)
def test_bad_file_is_told_in_a_sentence(
    open_page: OpenPage, name: str, data: bytes, sentence: str
) -> None:
    """And there is nothing to submit."""
    app = upload(open_page("batch"), name, data)
    assert sentence in words(app)
    assert "batch_submit" not in button_keys(app)


def test_what_cannot_be_submitted_says_why(clients: FakeClients, open_page: OpenPage) -> None:
    """Before anybody presses a button."""
    clients.batches.refusal = InvalidBatchError("This file has 6,000 rows; the most is 5,000.")
    app = upload(open_page("batch"))
    assert "6,000 rows; the most is 5,000" in words(app)
    assert "batch_submit" not in button_keys(app)


def test_same_file_goes_on_with_its_batch(clients: FakeClients, open_page: OpenPage) -> None:
    """It says how far that is, and that nothing is asked twice."""
    clients.batches.put([FINISHED, PENDING], name="audit.csv")
    app = upload(open_page("batch"))
    assert "1 of 2 are done. No question is asked twice." in words(app)
    assert app.button(key="batch_submit").label == "Continue this batch"


def test_list_shows_how_far_each_batch_is(clients: FakeClients, open_page: OpenPage) -> None:
    """Newest first, with counts and a bar; those of others are not there."""
    clients.batches.put([FINISHED, FINISHED])
    clients.batches.put([FINISHED, FAILED, STARTED, PENDING])
    clients.batches.put([FINISHED], user="b-bob")
    app = open_page("batch")
    said = words(app)
    assert said.index("Running · 2 of 4 done, 1 failed") < said.index("Done · 2 of 2 done")
    assert "open_batch_batch-3" not in button_keys(app)
    assert "width:25.000%;background:#ef4444" in bars(app)[0]
    assert app.session_state["refresh_seconds"] == 1.5


def test_list_rests_when_nothing_runs(clients: FakeClients, open_page: OpenPage) -> None:
    """A batch that is done, paused or stopped asks for no refreshes."""
    clients.batches.put([FINISHED])
    clients.batches.put([PENDING], BatchState.PAUSED)
    clients.batches.put([PENDING, STOPPED], BatchState.STOPPED)
    assert open_page("batch").session_state["refresh_seconds"] is None


@pytest.mark.parametrize(
    ("states", "state", "expected"),
    [
        ([FINISHED, STARTED, PENDING], BatchState.RUNNING, {"pause", "stop"}),
        ([FINISHED, STARTED, PENDING], BatchState.PAUSED, {"resume", "stop"}),
        ([FINISHED, PENDING], BatchState.PAUSED, {"resume"}),
        ([FAILED, STOPPED], BatchState.STOPPED, {"resume", "retry_failed"}),
        ([FINISHED, FAILED], BatchState.RUNNING, {"retry_failed"}),
        ([FINISHED], BatchState.RUNNING, set()),
    ],
)
def test_buttons_are_those_that_make_sense(
    clients: FakeClients,
    open_page: OpenPage,
    states: list[RowState],
    state: BatchState,
    expected: set[str],
) -> None:
    """For the state of the batch and of its rows; each does what it says."""
    batch_id = clients.batches.put(states, state)
    app = open_batch(open_page, batch_id)
    assert button_keys(app) & OWN_BUTTONS == {f"batch_{name}" for name in expected}
    for name in expected & {"pause", "resume", "retry_failed"}:
        app = open_batch(open_page, batch_id)
        if f"batch_{name}" in button_keys(app):
            app.button(key=f"batch_{name}").click().run()
            assert (name, batch_id) in clients.batches.calls


def test_rows_show_state_question_and_outcome(clients: FakeClients, open_page: OpenPage) -> None:
    """In the order of the file: the answer's first line, or why there is none."""
    batch_id = clients.batches.put([FINISHED, FAILED, PENDING], empty=2, duplicates=1, lines=6)
    app = open_batch(open_page, batch_id)
    table = app.dataframe[0].value
    assert list(table["#"]) == [1, 2, 3]
    assert [list(each) for each in table["State"]] == [["Finished"], ["Failed"], ["Not asked yet"]]
    assert list(table["Answer"]) == ["Rule.", "The model server refused the API key.", ""]
    assert [isinstance(each, str) for each in table["Open"]] == [True, True, False]
    assert "3 questions from 6 rows · 2 rows without a question · 1 duplicate" in words(app)


def test_rows_are_filtered_by_state(clients: FakeClients, open_page: OpenPage) -> None:
    """With counts; when the last row left the state that is looked at, all are shown again."""
    batch_id = clients.batches.put([FINISHED, FAILED, FINISHED])
    app = open_batch(open_page, batch_id)
    app.pills(key="batch_filter").set_value("failed").run()
    assert list(app.dataframe[0].value["#"]) == [2]
    clients.batches.states[batch_id][1] = FINISHED
    app.run()
    assert list(app.dataframe[0].value["#"]) == [1, 2, 3]


def test_rows_are_paged(clients: FakeClients, open_page: OpenPage) -> None:
    """Fifty at a time."""
    app = open_batch(open_page, clients.batches.put([FINISHED] * 120))
    assert len(app.dataframe[0].value) == 50
    app.session_state["batch_page"] = 3
    app.run()
    assert list(app.dataframe[0].value["#"]) == list(range(101, 121))


def test_delete_asks_first(clients: FakeClients, open_page: OpenPage) -> None:
    """And then shows the list again."""
    batch_id = clients.batches.put([FINISHED])
    app = open_batch(open_page, batch_id)
    app.button(key="batch_delete").click().run()
    assert "audit-1.xlsx** is deleted with its 1 question and all answers" in words(app)
    app.button(key="deletion_cancelled").click().run()
    assert batch_id in clients.batches.batches
    app.button(key="batch_delete").click().run()
    app.button(key="deletion_confirmed").click().run()
    assert clients.batches.batches == {}
    assert "Batches" in words(app)


def test_foreign_batch_is_not_found(clients: FakeClients, open_page: OpenPage) -> None:
    """A link to another user's batch shows nothing of it."""
    batch_id = clients.batches.put([FINISHED], user="b-bob")
    app = open_page("batch")
    app.query_params["batch"] = batch_id
    app.run()
    assert "There is no such batch." in words(app)
    assert not app.dataframe


def test_batch_without_a_worker_says_so(clients: FakeClients, open_page: OpenPage) -> None:
    """Whether there is none at all, or none that serves batches."""
    batch_id = clients.batches.put([PENDING])
    clients.jobs.reports = [WorkerReport("w", 0.0, queues=("questions",))]
    app = open_batch(open_page, batch_id)
    assert "No worker takes batches" in words(app)
    clients.jobs.reports = [WorkerReport("w", 0.0, queues=("questions", "batch"))]
    app.run()
    assert "No worker" not in words(app)
    clients.jobs.reports = []
    app.run()
    assert "No worker is running" in words(app)


def test_outage_is_told_and_waited_out(clients: FakeClients, open_page: OpenPage) -> None:
    """Upload and list say that the queue is away; they are back when it is."""
    clients.batches.put([FINISHED])
    clients.batches.error = BrokerUnavailableError()
    app = upload(open_page("batch"))
    assert "cannot be reached" in words(app)
    assert "batch_submit" not in button_keys(app)
    clients.batches.error = None
    app.run()
    assert "cannot be reached" not in words(app)
    assert "batch_submit" in button_keys(app)
