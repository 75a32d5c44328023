"""Reads presentations: PPTX, PPTM, PPSX and POTX, transitional and strict (ECMA-376)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lxml import etree

from jobs.extraction.blocks import Block, Item, Kind, Note, Pages
from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.readers.ooxml import P, Package, R, drawing_paragraphs, is_true
from jobs.extraction.readers.sentences import counted, hidden, left
from jobs.extraction.readers.shown_text import clean
from jobs.extraction.readers.slide_shapes import Counts, Deck, Shapes, placeholder, placeholder_type

# Comments of the newer kind, with answers to them.
_P188 = "{http://schemas.microsoft.com/office/powerpoint/2018/8/main}"
_DEFAULT_SIZE = (9_144_000, 6_858_000)


def read(data: bytes) -> Iterator[Item]:
    """Yield the slides in the order in which they are shown, and notes of what was left out.

    A page is the position in the show. Hidden slides count, as PowerPoint numbers them, but are
    not read: who shows the slides does not show them.
    """
    package = Package(data)
    part = package.main_part()
    root = package.xml(part)
    if root is None or root.tag != f"{P}presentation":
        raise UnreadableFileError("an Office file that is no presentation")
    deck = Deck(package, _area(root))
    authors = _authors(package, part)
    slides = _slides(package, part, root)
    first = root.get("firstSlideNum", "1")
    offset = int(first) - 1 if first.isdecimal() else 0
    yield Pages(len(slides))
    for page, name in enumerate(slides, 1):
        label = str(page + offset) if offset else ""
        for block in _slide(deck, name, authors, page):
            yield replace(block, label=label)
    yield from map(Note, _sentences(deck.counts))


def _area(root: etree._Element) -> int:
    size = root.find(f"{P}sldSz")
    numbers = [] if size is None else [size.get("cx", ""), size.get("cy", "")]
    width, height = (
        map(int, numbers) if all(map(str.isdecimal, numbers)) and numbers else _DEFAULT_SIZE
    )
    return width * height


def _slides(package: Package, part: str, root: etree._Element) -> list[str]:
    """Return the parts of the slides in the show's order, each once."""
    relations = package.relations(part)
    ids = [element.get(f"{R}id", "") for element in root.iterfind(f"{P}sldIdLst/{P}sldId")]
    names = [relations[each].target for each in ids if each in relations]
    return [name for name in dict.fromkeys(names) if name in package.archive]


def _slide(deck: Deck, name: str, authors: dict[str, str], page: int) -> Iterator[Block]:
    package = deck.package
    root = package.xml(name)
    tree = None if root is None else root.find(f"{P}cSld/{P}spTree")
    if root is None or tree is None:
        return
    if not is_true(root.get("show"), default=True):
        deck.counts.hidden_slides += 1
        return
    layout = next(package.related(name, "slideLayout"), "")
    master = next(package.related(layout, "slideMaster"), "") if layout else ""
    above = [part for part in (layout, master) if part and deck.root(part) is not None]
    blocks = list(Shapes(deck, name, above, page).blocks(tree))
    deck.counts.empty_slides += not blocks
    if is_true(root.get("showMasterSp"), default=True):
        blocks += _background(deck, above, page)
    blocks += _notes(deck, name, page)
    blocks += _comments(package, name, authors, page)
    if all(block.kind is Kind.HEADING for block in blocks):
        # A title with nothing below it is what the slide says.
        blocks = [replace(block, kind=Kind.TEXT, level=0) for block in blocks]
    yield from blocks


def _background(deck: Deck, parts: list[str], page: int) -> Iterator[Block]:
    """Yield what the layout and the master show on each slide, once; no prompts of placeholders."""
    for part in parts:
        root = deck.root(part)
        if root is None or part in deck.seen_parts:
            return
        deck.seen_parts.add(part)
        for shape in root.iter(f"{P}sp"):
            for text in () if placeholder(shape) is not None else drawing_paragraphs(shape):
                if text not in deck.seen_margins:
                    deck.seen_margins.add(text)
                    yield Block(text, page=page)
        if not is_true(root.get("showMasterSp"), default=True):
            return


def _notes(deck: Deck, name: str, page: int) -> Iterator[Block]:
    """Yield what the speaker noted for a slide."""
    part = next(deck.package.related(name, "notesSlide"), "")
    root = deck.package.xml(part) if part else None
    prefix = "Notes: "
    for shape in () if root is None else root.iter(f"{P}sp"):
        if placeholder_type(shape) in ("body", ""):
            for text in drawing_paragraphs(shape.find(f"{P}txBody")):
                yield Block(prefix + text, page=page)
                prefix = ""


def _authors(package: Package, part: str) -> dict[str, str]:
    """Return the names of those who wrote comments, by the ids that the comments have."""
    names = {}
    for kind in ("commentAuthors", "authors"):
        root = package.related_xml(part, kind)
        for author in () if root is None else root:
            names[author.get("id", "")] = author.get("name", "").strip()
    return names


def _comments(package: Package, name: str, authors: dict[str, str], page: int) -> Iterator[Block]:
    for part in package.related(name, "comments"):
        root = package.xml(part)
        for comment in () if root is None else root.iter(f"{P}cm", f"{_P188}cm", f"{_P188}reply"):
            text = clean(comment.findtext(f"{P}text") or "")
            text = text or "\n".join(drawing_paragraphs(comment.find(f"{_P188}txBody")))
            author = authors.get(comment.get("authorId", ""), "")
            if text:
                yield Block(f"{f'Comment by {author}' if author else 'Comment'}: {text}", page=page)


def _sentences(counts: Counts) -> Iterator[str]:
    yield from left(counts.hidden_slides, "hidden slide", "left out")
    if counts.empty_slides:
        verb = "holds" if counts.empty_slides == 1 else "hold"
        yield f"{counted(counts.empty_slides, 'slide')} {verb} no text."
    yield from hidden(counts.hidden)
    yield from left(counts.pictures, "picture")
    yield from left(counts.charts, "chart")
    yield from left(counts.media, "video or sound")
    yield from left(counts.embedded, "embedded file")
