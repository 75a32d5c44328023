"""What becomes of the files within a file: attachments where they can be read, else a note."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from jobs.extraction.attachment_limits import (
    MAX_ATTACHMENT_BYTES,
    MAX_ATTACHMENTS,
    MAX_ATTACHMENTS_BYTES,
)
from jobs.extraction.blocks import Attachment, Note
from jobs.extraction.file_types import MEDIA_TYPES, PLAIN, ZIP, detect

# Named in a note; the others are counted.
KINDS_NAMED = 5
_SEPARATORS = re.compile(r"[/\\]")


class Contents:
    """Decides which files within one file become documents, and counts the others.

    `one` is what people call such a file, such as "attachment".
    """

    def __init__(self, one: str) -> None:
        self._one = one
        self._taken = 0
        self._bytes = 0
        self._unread: Counter[str] = Counter()
        self.left: Counter[str] = Counter()

    def has_room(self, name: str, size: int) -> bool:
        """Return whether a file of this name and size is taken; if not, it is counted."""
        suffix = suffix_of(name)
        if suffix not in MEDIA_TYPES:
            self._unread[suffix] += 1
        elif size > MAX_ATTACHMENT_BYTES:
            self.left[f"larger than {MAX_ATTACHMENT_BYTES // 2**20} MB"] += 1
        elif self._taken >= MAX_ATTACHMENTS or self._bytes + size > MAX_ATTACHMENTS_BYTES:
            self.left[
                f"beyond the {MAX_ATTACHMENTS:,} files and {MAX_ATTACHMENTS_BYTES // 2**20} MB "
                "that are taken of one"
            ] += 1
        else:
            self._taken += 1
            self._bytes += size
            return True
        return False

    def take(self, name: str, data: bytes) -> Iterator[Attachment]:
        """Yield a file as an attachment, if it is one that can be read; an empty one is counted."""
        if not data:
            self.left["empty"] += 1
        elif self.has_room(name, len(data)):
            yield Attachment(base_name(name), data)

    def notes(self) -> Iterator[Note]:
        """Yield what to say of those that become no document."""
        if self._unread:
            number = self._unread.total()
            yield Note(
                f"{counted(number, self._one)} {_be(number)} of a kind that cannot be read: "
                f"{_kinds(self._unread)}."
            )
        for reason, number in self.left.items():
            yield Note(f"{counted(number, self._one)} {_be(number)} not read: {reason}.")


def base_name(name: str) -> str:
    """Return the last part of a path; names of foreign files are labels and nothing else."""
    return _SEPARATORS.split(name.rstrip("/\\"))[-1]


def suffix_of(name: str) -> str:
    return PurePosixPath(base_name(name).rstrip(". ")).suffix.lower()


def with_suffix(name: str, media_type: str, data: bytes) -> str:
    """Return a name with the extension of its content or its type, if its own says another."""
    found, named = detect(data), MEDIA_TYPES.get(suffix_of(name), "")
    if named and found in ("", PLAIN, ZIP, named):
        return name
    kinds = (found,) if found not in ("", PLAIN) else (media_type,)
    return name + next((suffix for suffix, kind in MEDIA_TYPES.items() if kind in kinds), "")


def counted(number: int, one: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {one}" if number == 1 else f"{number:,} {one}s"


def _be(number: int) -> str:
    return "is" if number == 1 else "are"


def _kinds(suffixes: Counter[str]) -> str:
    """Return what kinds there are, the most frequent first."""
    named = [
        f"{number:,} {suffix[:12] or 'without an extension'}"
        for suffix, number in suffixes.most_common(KINDS_NAMED)
    ]
    others = suffixes.total() - sum(number for _, number in suffixes.most_common(KINDS_NAMED))
    return ", ".join([*named, *([f"{others:,} others"] if others else [])])
