"""Pages of stored PDFs and pictures, drawn in a sandbox: the web process parses no file itself.

What the child process does is in `jobs.extraction.render_page`.
"""

from __future__ import annotations

import binascii
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from cachetools import LRUCache, TTLCache

from jobs.documents.file_store import FileStore
from jobs.errors import DocumentStoreUnavailableError, UnreadablePageError
from jobs.extraction import sandbox
from jobs.extraction.file_types import (
    JPEG_SIGNATURE,
    MEDIA_TYPES,
    PDF,
    PNG_SIGNATURE,
    is_picture,
)
from jobs.extraction.resource_limits import OUT_OF_MEMORY_EXIT, UNREADABLE_EXIT, WAITING_TIMES
from jobs.extraction.slots import NoSlotError, Slots

# Of the processor. A page of text takes half a second and 60 MB of address space.
SECONDS = 15
MEMORY_MB = 512
# Each drawing keeps a processor busy. Whoever would wait longer is told so.
AT_ONCE = 2
WAIT_SECONDS = 20
WAITING_PER_USER = 4
WAITING_IN_ALL = 40
MAX_PICTURE_BYTES = 12 * 1024 * 1024
CACHE_BYTES = 64 * 1024 * 1024
# A page that could not be drawn is not tried again for this long: it may have taken all its time.
FAILURE_SECONDS = 300.0
# Each keeps its passage, up to `MAX_PASSAGE_CHARS`.
MAX_FAILURES = 1000
MAX_PASSAGE_CHARS = 10_000

TOO_LONG = "This page takes too long to draw. Download the document to read it there."
TOO_LARGE = "This page needs too much memory to draw. Download the document to read it there."
BUSY = "Too many pages are being drawn just now. Try again in a moment."

# Of a file that somebody downloads: many do at once, and some are slow.
PIECE_BYTES = 64 * 1024

_Key = tuple[str, int, str]


@dataclass(frozen=True)
class PageImage:
    """A page as PNG or JPEG, and the share of the passage that is marked on it, from 0 to 1."""

    data: bytes
    pages: int
    share: float


def has_pictures(name: str) -> bool:
    """Return whether pages of a document with this name can be drawn."""
    media_type = MEDIA_TYPES.get(PurePath(name).suffix.lower(), "")
    return media_type == PDF or is_picture(media_type)


class PageImages:
    """Draws pages of the documents in a store, and caches what was looked at last. Thread-safe."""

    def __init__(self, store: FileStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._slots = Slots(AT_ONCE, WAITING_PER_USER, WAITING_IN_ALL)
        self._lock = threading.Lock()  # cachetools has none of its own
        self._images: LRUCache[_Key, PageImage] = LRUCache(
            CACHE_BYTES, getsizeof=lambda image: len(image.data)
        )
        # The message of each page that could not be drawn.
        self._failures: TTLCache[_Key, str] = TTLCache(MAX_FAILURES, FAILURE_SECONDS, timer=clock)

    def draw(
        self, document_id: str, name: str, page: int, passage: str, *, user: str = ""
    ) -> PageImage:
        """Return a page, counted from 1, with the passage marked as far as it is found there.

        One page of each user is drawn at once, so that nobody takes all places.
        Raises UnreadablePageError, or what the store raises for a file that is gone.
        """
        key = (document_id, page, passage)
        with self._lock:
            if key in self._images:
                return self._images[key]
            failure = self._failures.get(key)
        if failure is not None:
            raise UnreadablePageError(failure)
        try:
            with (
                self._slots.take(user, WAIT_SECONDS),
                self._store.local_copy(document_id, name) as path,
            ):
                image = draw_page(path, page, passage)
        except NoSlotError as error:
            raise UnreadablePageError(BUSY) from error
        except UnreadablePageError as error:
            with self._lock:
                self._failures[key] = error.message
            raise
        with self._lock:
            self._images[key] = image
        return image

    def has_original(self, document_id: str, name: str) -> bool:
        """Return whether the file can be read: False if it is gone, or the store is away."""
        try:
            return self._store.exists(document_id, name)
        except DocumentStoreUnavailableError:
            return False

    def original(self, document_id: str, name: str) -> Iterator[bytes]:
        """Yield the file as it was uploaded, in pieces; raises what the store raises first."""
        with self._store.local_copy(document_id, name) as path, path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield piece


def draw_page(
    path: Path, page: int, passage: str, *, seconds: int = SECONDS, memory_mb: int = MEMORY_MB
) -> PageImage:
    """Draw one page in a child process; raises UnreadablePageError."""
    output = _Output()
    arguments = [str(path.resolve()), str(page), str(memory_mb), str(seconds)]
    try:
        result = sandbox.run(
            [sys.executable, "-m", "jobs.extraction.render_page", *arguments],
            timeout_seconds=WAITING_TIMES * seconds,
            on_line=output.add_line,
            stdin=passage[:MAX_PASSAGE_CHARS].encode(errors="ignore"),
        )
        if result.exit_code == 0:
            return output.picture()
    except TimeoutError as error:
        raise UnreadablePageError(TOO_LONG) from error
    except (sandbox.BrokenOutputError, ValueError, TypeError, RecursionError) as error:
        raise UnreadablePageError() from error
    if result.is_out_of_time:
        raise UnreadablePageError(TOO_LONG)
    if result.exit_code == OUT_OF_MEMORY_EXIT or (
        result.exit_code != UNREADABLE_EXIT and result.peak_mb > memory_mb / 2
    ):
        raise UnreadablePageError(TOO_LARGE)
    raise UnreadablePageError()


class _Output:
    """Collects what the child prints: a line about the page, then the picture in Base64."""

    def __init__(self) -> None:
        self._facts: tuple[int, float] | None = None
        self._data = bytearray()

    def add_line(self, line: bytes) -> None:
        if self._facts is None:
            pages, share = json.loads(line)
            self._facts = int(pages), float(share)
            return
        self._data += binascii.a2b_base64(line)
        if len(self._data) > MAX_PICTURE_BYTES:
            raise sandbox.BrokenOutputError

    def picture(self) -> PageImage:
        """Return what was printed; raises BrokenOutputError if it is no PNG or JPEG."""
        if self._facts is None or not self._data.startswith((PNG_SIGNATURE, JPEG_SIGNATURE)):
            raise sandbox.BrokenOutputError
        return PageImage(bytes(self._data), *self._facts)
