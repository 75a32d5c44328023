"""Keep few sessions of those who left, for when they come back.

What: replaces `MemorySessionStorage` of `streamlit.runtime.memory_session_storage`; reads
    `_user_info` of its sessions, and uses its `_cache`.
Why: a session keeps all that its page was sent, for minutes after its connection ended. Whoever
    connects again and again fills the memory, also without an identity.
Until: Streamlit bounds the sessions that it keeps by their user.
"""

from __future__ import annotations

from streamlit.runtime import memory_session_storage
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.session_manager import SessionInfo

# Pages of one user whose connection broke: a laptop that was closed with all its tabs.
MAX_KEPT = 10
# The name that `trustedUserHeaders` in .streamlit/config.toml gives to who somebody is.
USER = "askqueue_user"


class BoundedSessionStorage(MemorySessionStorage):
    """At most `MAX_KEPT` sessions of each user, the newest, and none of nobody."""

    def save(self, session_info: SessionInfo) -> None:
        user = user_of(session_info)
        if user is None:
            return
        theirs = [info.session.id for info in self.list() if user_of(info) == user]
        for session_id in theirs[: max(0, len(theirs) - MAX_KEPT + 1)]:  # the oldest first
            self.delete(session_id)
        super().save(session_info)

    def delete(self, session_id: str) -> None:
        """Forget a session, if it is there: not all that were to be kept are."""
        self._cache.pop(session_id, None)


def user_of(session_info: SessionInfo) -> str | None:
    """Return the user whose page it was; None if nobody was signed in."""
    user = session_info.session._user_info.get(USER)
    return user if isinstance(user, str) and user else None


def bound_sessions() -> None:
    """Let the server that is started next keep its sessions so."""
    memory_session_storage.MemorySessionStorage = BoundedSessionStorage  # type: ignore[misc]
