"""Take only files that a page has asked for, and let go of them.

What: replaces `MemoryUploadedFileManager` of `streamlit.runtime.memory_uploaded_file_manager`, and
    uses its `file_storage` and `_lock`; asks `streamlit.runtime.get_instance`.
Why: Streamlit stores whatever is sent to a session under any id, and keeps it until the session
    is forgotten, which may be never. It does not know whose a session is.
Until: Streamlit checks ids and owners of uploads, bounds them, and drops them with the connection.

Which requests reach it, and how many bytes, is decided in `ui.web.uploads`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from streamlit.runtime import memory_uploaded_file_manager
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec, UploadFileUrlInfo

# Files that a page may wait for at a time; browsers send as many as were chosen at once.
MAX_EXPECTED = 1000
# What a file costs beside its content, such as its record and its ids.
RECORD_BYTES = 4096


class BoundedUploads(MemoryUploadedFileManager):
    """The uploaded files of all sessions; each under an id that was handed out to its user.

    `owner_of` returns the user of a session by its id, or None if nobody is signed in there.
    """

    def __init__(self, upload_endpoint: str, owner_of: Callable[[str], str | None]) -> None:
        super().__init__(upload_endpoint)
        self._owner_of = owner_of
        self._owners: dict[str, str] = {}  # of each session that was handed out an id
        self._expected: dict[str, set[str]] = {}  # by session

    def get_upload_urls(
        self, session_id: str, file_names: Sequence[str]
    ) -> list[UploadFileUrlInfo]:
        """Hand out an address for each file; none if nobody is signed in or too many wait."""
        owner = self._owner_of(session_id)
        waiting = len(self._expected.get(session_id, ()))
        if owner is None or waiting + len(file_names) > MAX_EXPECTED:
            return []
        addresses = super().get_upload_urls(session_id, file_names)
        with self._lock:
            self._owners[session_id] = owner
            self._expected.setdefault(session_id, set()).update(
                address.file_id for address in addresses
            )
        return addresses

    def is_expected(self, session_id: str, file_id: str, user: str) -> bool:
        """Return whether this id was handed out to the user and its file has not come yet."""
        return self._owners.get(session_id) == user and file_id in self._expected.get(
            session_id, ()
        )

    def is_owner(self, session_id: str, user: str) -> bool:
        """Return whether the files of this session are the user's."""
        return self._owners.get(session_id) == user

    def add_file(self, session_id: str, file: UploadedFileRec) -> None:
        """Keep a file that is expected; another one came too late, or twice, and is dropped."""
        with self._lock:
            expected = self._expected.get(session_id, set())
            if file.file_id not in expected:
                return
            expected.discard(file.file_id)
        super().add_file(session_id, file)

    def held_bytes(self, user: str | None = None) -> int:
        """Return what the files of a user, or of all, take; with `RECORD_BYTES` for each."""
        with self._lock:
            return sum(
                len(file.data) + RECORD_BYTES
                for session_id, files in self.file_storage.items()
                if user is None or self._owners.get(session_id) == user
                for file in files.values()
            )

    def sessions(self) -> list[str]:
        """Return the sessions that have files or may send some."""
        with self._lock:
            return list(self._owners)

    def drop_session(self, session_id: str) -> None:
        """Forget a session: its files, and those that are on their way."""
        with self._lock:
            self._owners.pop(session_id, None)
            self._expected.pop(session_id, None)
        self.remove_session_files(session_id)


def bound_uploads(owner_by_headers: Callable[[Iterable[tuple[str, str]]], str | None]) -> None:
    """Let the server that is started next keep its uploads so.

    The function returns the user whose browser opened a page's connection with these headers.
    """

    def owner_of(session_id: str) -> str | None:
        from streamlit.runtime import get_instance

        client = get_instance().get_client(session_id)
        context = client.client_context if client else None
        return owner_by_headers(context.headers) if context else None

    class Uploads(BoundedUploads):
        def __init__(self, upload_endpoint: str) -> None:
            super().__init__(upload_endpoint, owner_of)

    memory_uploaded_file_manager.MemoryUploadedFileManager = Uploads  # type: ignore[misc]


def running_uploads() -> BoundedUploads | None:
    """Return the uploads of the running server; None before it has started."""
    from streamlit.runtime import exists, get_instance

    uploads = get_instance().uploaded_file_mgr if exists() else None
    return uploads if isinstance(uploads, BoundedUploads) else None


def drop_uploads_of_the_disconnected() -> None:
    """Drop the files of all sessions whose connection has ended."""
    from streamlit.runtime import get_instance

    uploads = running_uploads()
    for session_id in uploads.sessions() if uploads else ():
        if not get_instance().is_active_session(session_id):
            uploads.drop_session(session_id)  # type: ignore[union-attr]


def forget_uploads() -> None:
    """Drop the files of the page that is being drawn, once they are stored elsewhere."""
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context, uploads = get_script_run_ctx(), running_uploads()
    if context and uploads:
        uploads.remove_session_files(context.session_id)
