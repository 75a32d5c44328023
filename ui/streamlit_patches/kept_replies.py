"""Replies to the browser that survive a new run of the page.

A browser asks over the same connection where to send a file, and for the file of a download
button. When a page starts to run anew, Streamlit drops what it has not sent yet, those replies
with it, and the browser waits for good: the file that somebody has just chosen is gone, without
a word.
"""

from __future__ import annotations

from streamlit.runtime import app_session
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

REPLIES = {"file_urls_response", "backend_operation_response"}


class RepliesKept(ForwardMsgQueue):
    """What is to be sent to one browser; a new run of its page drops all but the replies."""

    def clear(
        self, retain_lifecycle_msgs: bool = False, fragment_ids_this_run: list[str] | None = None
    ) -> None:
        waiting = self._queue
        super().clear(retain_lifecycle_msgs, fragment_ids_this_run)
        if retain_lifecycle_msgs:
            kept = {id(message) for message in self._queue}
            self._queue += [
                message
                for message in waiting
                if message.WhichOneof("type") in REPLIES and id(message) not in kept
            ]


def keep_replies() -> None:
    """From now on each new session keeps its replies.

    Replaces a private name of the Streamlit that is pinned; a test has a session run anew.
    """
    app_session.ForwardMsgQueue = RepliesKept  # type: ignore[attr-defined]
