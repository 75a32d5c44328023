"""What is within a document becomes documents of their own: attachments, and files in archives.

They have its owner and its visibility, and count towards the same quota. They are added like any
upload, so that the same content again is the same document, and adding it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from jobs.documents.client import DocumentClient, display_name
from jobs.errors import InvalidUploadError, StorageExceededError
from jobs.extraction.attachment_files import ExtractedFile
from jobs.extraction.attachment_limits import MAX_NESTING
from jobs.extraction.file_types import MEDIA_TYPES
from jobs.models import Document

# Named in a note, each so long at most.
KINDS_NAMED, KIND_CHARS = 5, 12
NO_ROOM = "your documents have no room for them. Delete some, then index this one again."
TOO_DEEP = "too many files within files. Unpack them and upload them by themselves."


@dataclass
class Added:
    """The ids of the documents that were within one, and the files that became none."""

    ids: dict[str, None] = field(default_factory=dict)
    without_room: int = 0
    too_deep: int = 0
    unread: dict[str, None] = field(default_factory=dict)  # their extensions
    number_unread: int = 0
    refused: list[str] = field(default_factory=list)

    def notes(self) -> Iterator[str]:
        """Yield what to say about it on the document that they were in."""
        if number := len(self.ids):
            own = "is a document of its own" if number == 1 else "are documents of their own"
            yield f"{_files(number)} {own}."
        if number := self.without_room:
            yield f"{_files(number)} {_were(number)} not added: {NO_ROOM}"
        if number := self.too_deep:
            yield f"{_files(number)} {_were(number)} not added: {TOO_DEEP}"
        if number := self.number_unread:
            kinds = ", ".join([*self.unread][:KINDS_NAMED])
            yield f"{_files(number)} {_were(number)} not added: no kind that is read ({kinds})."
        if number := len(self.refused):
            first = "" if number == 1 else "The first: "
            yield f"{_files(number)} {_were(number)} not added. {first}{self.refused[0]}"


def add_contents(
    documents: DocumentClient,
    container: Document,
    files: Sequence[ExtractedFile],
    on_file: Callable[[int], None],
) -> Added:
    """Add the files that were within a document, as long as that is there.

    `on_file` is called with the number of those before each; it may raise to stop. Raises what
    `DocumentClient.add` does, but for files that are of no use or have no room.
    """
    added = Added()
    if container.nesting >= MAX_NESTING:
        added.too_deep = len(files)
        return added
    for number, file in enumerate(files):
        on_file(number)
        if not documents.find([container.id], container.owner):
            break  # deleted meanwhile: who did that wants no more of it
        suffix = PurePath(display_name(file.name)).suffix.lower()
        if suffix not in MEDIA_TYPES:
            added.unread[suffix[:KIND_CHARS] or "without an extension"] = None
            added.number_unread += 1
            continue
        try:
            document, _ = documents.add(
                container.added_by,
                file.name,
                file.path.read_bytes(),
                container.visibility,
                container=container,
            )
        except StorageExceededError:
            added.without_room += 1
        except InvalidUploadError as error:
            added.refused.append(error.message)
        else:
            if document.id != container.id:
                added.ids[document.id] = None
    return added


def _files(number: int) -> str:
    return f"{number:,} file{'' if number == 1 else 's'} in it"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
