"""Tests of the kept replies: a browser that asked gets its answer, whatever its page does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import app_session
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.script_data import ScriptData
from streamlit.runtime.scriptrunner.script_cache import ScriptCache

from tests.coroutines import run_apart
from ui.streamlit_patches.kept_replies import RepliesKept, keep_replies

A_FRAGMENT = ["fragment"]


@pytest.fixture
def replies() -> Iterator[None]:
    """Replies kept, and Streamlit's own queue put back afterwards."""
    queue = app_session.ForwardMsgQueue
    keep_replies()
    yield
    app_session.ForwardMsgQueue = queue  # type: ignore[attr-defined]


async def sent_after_new_run(fragments: list[str] | None) -> list[ForwardMsg]:
    """What a browser gets that chose a file just before its page, or a part of it, ran anew."""
    session = app_session.AppSession(
        ScriptData("home.py", is_hello=False),
        MemoryUploadedFileManager("/upload"),
        ScriptCache(),
        lambda: None,
        {},
    )
    request = BackMsg()
    request.file_urls_request.request_id = "1"
    request.file_urls_request.file_names.append("merger.md")
    session.handle_backmsg(request)
    session._clear_queue(fragments)
    return session.flush_browser_queue()


@pytest.mark.usefixtures("replies")
@pytest.mark.parametrize("fragments", [None, A_FRAGMENT])
def test_file_is_told_where_to_go_though_the_page_runs_anew(fragments: list[str] | None) -> None:
    """Once, and the queue is empty then."""
    (message,) = run_apart(sent_after_new_run(fragments))
    assert message.file_urls_response.response_id == "1"
    assert message.file_urls_response.file_urls[0].upload_url


def test_new_run_drops_what_an_earlier_one_drew() -> None:
    """Only replies are kept, and only until they are sent."""
    queue = RepliesKept()
    reply, drawn = ForwardMsg(), ForwardMsg()
    reply.backend_operation_response.request_id = "2"
    drawn.delta.new_element.markdown.body = "outdated"
    queue.enqueue(drawn)
    queue.enqueue(reply)
    queue.clear(retain_lifecycle_msgs=True)
    assert queue.flush() == [reply]
    assert queue.flush() == []
