"""Pages that are pictures, within one document: which were read, and notes of which were not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from PIL import Image

from jobs.extraction.blocks import Note
from jobs.extraction.readers import ocr, ocr_data
from jobs.extraction.readers.page_notes import page_sentence
from jobs.extraction.resource_limits import PICTURES_SECONDS, allow_more_time


@dataclass(slots=True)
class Scans:
    """Reads the pictures of one document, for as long as its budget lasts.

    `is_all` says that the document is one picture.
    """

    is_all: bool = False
    budget: ocr.Budget = field(default_factory=ocr.Budget)
    unread: list[int] = field(default_factory=list)
    too_late: list[int] = field(default_factory=list)
    without_text: list[int] = field(default_factory=list)
    doubtful: list[int] = field(default_factory=list)

    def read(
        self, number: int, draw: Callable[[], Image.Image], width: float = ocr.WIDTH_POINTS
    ) -> ocr.PictureText | None:
        """Read a page's picture; None if it was not read. `width` is the page's, in points."""
        if not ocr.is_available():
            self.unread.append(number)
            return None
        if self.budget.is_spent:
            self.too_late.append(number)
            return None
        allow_more_time()
        found = ocr.read_picture(draw(), width)
        if not found.page.pieces and not found.is_blank:
            self.without_text.append(number)
        elif found.is_doubtful:
            self.doubtful.append(number)
        return found

    def notes(self) -> Iterator[Note]:
        """Yield what is to be said."""
        if pages := self.unread:
            sentence = self._sentence(
                pages, "is a picture: it was not read", "are pictures: they were not read"
            )
            yield Note(f"{sentence} {ocr_data.advice(len(pages))}")
        if pages := self.too_late:
            sentence = self._sentence(
                pages, "is a picture: it was not read", "are pictures: they were not read"
            )
            minutes = PICTURES_SECONDS // 60
            yield Note(
                f"{sentence} The pictures of one document may take {minutes} minutes: split it."
            )
        if pages := self.without_text:
            yield Note(
                self._sentence(
                    pages,
                    "is a picture in which no text was found",
                    "are pictures in which no text was found",
                )
            )
        if pages := self.doubtful:
            sentence = self._sentence(
                pages,
                "is a picture that is hard to read",
                "are pictures that are hard to read",
            )
            yield Note(f"{sentence} Check what is cited of it on the page itself.")

    def _sentence(self, pages: list[int], one: str, several: str) -> str:
        return f"This {one}." if self.is_all else page_sentence(pages, one, several)
