"""Keep replies to the browser when a page starts to run again.

What: replaces `streamlit.runtime.app_session.ForwardMsgQueue` by a subclass that uses `_queue`.
Why: over the same connection, a browser asks where to send an uploaded file, and for the file of a
    download button. When a page starts to run again, Streamlit drops all messages that are not
    sent yet, these replies among them, and the browser waits for ever: the file that somebody has
    just chosen is lost, without a message.
Until: `ForwardMsgQueue.clear` keeps replies to requests.
"""

from __future__ import annotations

from streamlit.runtime import app_session
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

REPLIES = {"file_urls_response", "backend_operation_response"}


class RepliesKept(ForwardMsgQueue):
    """The messages for one browser; a new run of its page drops all of them but the replies."""

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
    """Let every new session keep its replies."""
    app_session.ForwardMsgQueue = RepliesKept  # type: ignore[attr-defined]
