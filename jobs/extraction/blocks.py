"""What a reader finds in a file, in reading order: blocks of text, and what to say about the file.

Each reader in `jobs.extraction.readers` is a function `read(data: bytes) -> Iterator[Item]`.
`jobs.extraction.chunking` makes passages of the blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Kind(Enum):
    """What a block is: headings stand above what follows, rows are never cut from their caption."""

    HEADING = "heading"
    TEXT = "text"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, a paragraph, an item of a list, or a row of a table that names its columns.

    `level` of a heading counts from 1. `page` is the position of the page or slide, counted from 1;
    None for formats without. `label` is the page's printed number where that is another. `cells` is
    the range of a row, such as "A2:C2", on the sheet of that name. `caption` is repeated above the
    rows of a table wherever it is cut. `confidence` is in percent, for text read from a picture.
    """

    text: str
    kind: Kind = Kind.TEXT
    level: int = 0
    page: int | None = None
    label: str = ""
    sheet: str = ""
    cells: str = ""
    caption: str = ""
    confidence: int | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence for readers of answers, about what was not read or is doubtful."""

    text: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file within the file, which becomes a document of its own."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """So many pages of all that take long, those read from pictures, are done."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Pages:
    """How many pages or slides the file has."""

    count: int


Item: TypeAlias = Block | Note | Attachment | Progress | Pages
