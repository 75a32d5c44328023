"""Words of people, documents and models on every page: none of them is anything but words."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from jobs.batches.models import RowState
from jobs.models import Answer, Citation, DocumentStatus, Failure, JobState, WorkerReport
from jobs.settings import Settings
from tests.pages.conftest import OpenPage
from tests.pages.fakes import ANSWER, FakeClients

HOST = "evil.example"
HOSTILE = (
    f"MARK ![x](http://{HOST}/a.png) [y](http://{HOST}) [z]: http://{HOST} "
    f"<img src=//{HOST}/b.png> <http://{HOST}> www.{HOST} spy@{HOST} http&#58;//{HOST} "
    ":material/lock: :red[w] $\\href{x}$"
)
NAME = f"{HOSTILE[:150]}.pdf"
# Where Streamlit draws Markdown; the rest, such as the options of a list or a table, is plain text.
MARKDOWN_FIELDS = {"body", "label", "help", "text", "tooltip"}
CODE = re.compile(r"(?<!\\)`[^`]*`")
LIVE = re.compile(
    rf"(?<!\\)\](?:\((?!#source-\d)|\[|:)|(?<!\\)!\[|(?<!\\)<\w|(?:https?|ftp|mailto):/*{re.escape(HOST)}"
    rf"|www\\?\.evil|@{re.escape(HOST)}|(?<!\\)&#|(?<!\\)\$\\|:material/lock|:red\[w",
)


def texts_of(message: Message) -> Iterator[tuple[str, str]]:
    """The name and value of each text in a message of the page, at whatever depth."""
    for field, value in message.ListFields():
        repeated = value if field.is_repeated else [value]
        if field.message_type and field.message_type.GetOptions().map_entry:
            continue
        for each in repeated:
            if isinstance(each, Message):
                yield from texts_of(each)
            elif isinstance(each, str):
                yield field.name, each


def hostile_markdown(app: AppTest) -> list[str]:
    """Everything on the page that is drawn as Markdown and has hostile words in it."""
    found = []
    stack = [app._tree]
    while stack:
        node = stack.pop()
        stack += getattr(node, "children", {}).values()
        proto = getattr(node, "proto", None)
        if isinstance(proto, Message) and proto.DESCRIPTOR.name == "Html":
            assert "<img" not in str(proto)
        elif isinstance(proto, Message):
            found += [
                text
                for name, text in texts_of(proto)
                if name in MARKDOWN_FIELDS and ("MARK" in text or HOST in text)
            ]
    return found


def assert_only_words(app: AppTest, at_least: int) -> None:
    assert not app.exception
    texts = hostile_markdown(app)
    assert len(texts) >= at_least, texts  # else this looks at the wrong place
    for text in texts:
        live = LIVE.search(CODE.sub("", text))
        assert not live, (live, text)


@pytest.fixture
def hostile(clients: FakeClients) -> dict[str, str]:
    """Questions in each state, documents, batches and failures with hostile words in them."""
    citation = Citation(1, "d1", NAME, "p1", HOSTILE, 4, 5, 0.87, before=HOSTILE, after=HOSTILE)
    answer = Answer(
        text=f"{HOSTILE} [1]. ```mermaid\n{HOSTILE}",
        citations=(citation,),
        timings=ANSWER.timings,
        tokens=ANSWER.tokens,
        model=HOSTILE,
        standalone=HOSTILE,
    )
    failure = Failure("bad_api_key", HOSTILE)
    jobs = {state.value: clients.jobs.put(HOSTILE, state) for state in JobState}
    for job_id in jobs.values():
        clients.jobs.answers[job_id] = answer
        clients.jobs.texts[job_id] = HOSTILE
        clients.jobs.partials[job_id] = HOSTILE
    clients.jobs.change(jobs["failed"], failure=failure)
    clients.documents.put(NAME)
    clients.documents.put(f"failed {NAME}", DocumentStatus.FAILED, failure=failure)
    clients.batches.put([RowState.FAILED, RowState.FINISHED], name=NAME, column=HOSTILE)
    clients.jobs.reports = [WorkerReport(HOSTILE, time.time(), notes=(HOSTILE,))]
    clients.dead_letters.put(failure)
    return jobs


@pytest.mark.parametrize("state", list(JobState))
def test_question_in_any_state(
    open_page: OpenPage, hostile: dict[str, str], state: JobState
) -> None:
    """The question, its answer or failure, its sources, the history."""
    app = open_page(job=hostile[state.value])
    assert_only_words(app, at_least=len(JobState) + 1)


def test_source_and_its_passage(open_page: OpenPage, hostile: dict[str, str]) -> None:
    """The dialog of a citation shows the document's own words."""
    app = open_page(job=hostile["finished"])
    app.button(key=f"citation_{hostile['finished']}_1").click().run()
    assert_only_words(app, at_least=len(JobState) + 5)


@pytest.mark.parametrize("button", ["change_", "follow_", "compare_"])
def test_dialogs_around_an_answer(
    clients: FakeClients, open_page: OpenPage, hostile: dict[str, str], button: str
) -> None:
    """Asking again, following up and comparing show questions and names."""
    first = hostile["finished"]
    clients.jobs.change(hostile["failed"], thread=first)
    app = open_page(job=first)
    key = next(each.key for each in app.button if each.key and each.key.startswith(button))
    app.button(key=key).click().run()
    assert_only_words(app, at_least=len(JobState) + 1)


@pytest.mark.parametrize("page", ["documents", "batch"])
def test_other_pages(open_page: OpenPage, hostile: dict[str, str], page: str) -> None:
    """Names of documents and batches, why they failed, and the history beside them."""
    assert_only_words(open_page(page), at_least=len(JobState) + 1)


@pytest.mark.parametrize("page", ["operations", "failed"])
def test_operators_pages(
    clients: FakeClients,
    make_settings: Callable[..., Settings],
    open_page: OpenPage,
    hostile: dict[str, str],
    page: str,
) -> None:
    """Names of workers, and why jobs failed."""
    clients.settings = make_settings(redis_url="")
    assert_only_words(open_page(page), at_least=len(JobState))
