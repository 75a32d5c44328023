"""What all parts of a Word document share: styles, lists, notes, and counts of what is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from jobs.extraction.readers.list_numbers import format_number
from jobs.extraction.readers.ooxml import Package, W, is_on, value
from jobs.extraction.readers.sentences import hidden, left, tracked
from jobs.extraction.readers.word_numbering import Numbering
from jobs.extraction.readers.word_styles import Styles


@dataclass(slots=True)
class Counts:
    """How much of each kind was not read, or not as it stands there."""

    insertions: int = 0
    deletions: int = 0
    hidden: int = 0
    pictures: int = 0
    equations: int = 0
    charts: int = 0
    embedded: int = 0
    included: int = 0

    def sentences(self) -> Iterator[str]:
        """Yield a sentence for each kind of which there is any."""
        yield from tracked(self.insertions, self.deletions)
        yield from hidden(self.hidden)
        yield from left(self.pictures, "picture")
        yield from left(self.equations, "equation")
        yield from left(self.charts, "chart")
        yield from left(self.embedded, "embedded file")
        yield from left(self.included, "included document")


class Notes:
    """The footnotes or the endnotes by their ids; they are numbered where they are called."""

    def __init__(
        self, package: Package, part: str, kind: str, settings: etree._Element | None
    ) -> None:
        self.part = next(package.related(part, f"{kind}s"), "")
        self.elements = _by_id(package.xml(self.part) if self.part else None)
        properties = None if settings is None else settings.find(f"{W}{kind}Pr")
        default = "decimal" if kind == "footnote" else "lowerRoman"
        self._number_format = value(properties, "numFmt") or default
        self._count = 0

    def next_number(self) -> str:
        """Count a note; returns its number as it is printed."""
        self._count += 1
        return format_number(self._count, self._number_format)


class Document:
    """The parts that the body, the headers and the notes refer to."""

    def __init__(self, package: Package, part: str) -> None:
        self.package = package
        self.counts = Counts()
        self.depth = 0
        # Whether the document began with its title, below which all headings stand.
        self.has_title = False
        self.styles = Styles(package.related_xml(part, "styles"))
        self.numbering = Numbering(package.related_xml(part, "numbering"))
        settings = package.related_xml(part, "settings")
        self.has_even_pages = settings is not None and is_on(settings.find(f"{W}evenAndOddHeaders"))
        self.notes = {
            kind: Notes(package, part, kind, settings) for kind in ("footnote", "endnote")
        }
        self.comments_part = next(package.related(part, "comments"), "")
        self.comments = _by_id(package.xml(self.comments_part) if self.comments_part else None)
        self._read_parts: set[str] = set()

    def is_new(self, part: str) -> bool:
        """Return whether a part is asked for the first time; each is read once."""
        is_new = part not in self._read_parts
        self._read_parts.add(part)
        return is_new


def _by_id(root: etree._Element | None) -> dict[str, etree._Element]:
    return {} if root is None else {element.get(f"{W}id", ""): element for element in root}
