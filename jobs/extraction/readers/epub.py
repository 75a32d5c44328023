"""Reads books (EPUB): their chapters, in the order in which readers turn the pages."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote

from lxml import etree

from jobs.extraction.blocks import Block, Item, Kind, Note
from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.readers.html import html_items
from jobs.extraction.readers.xml_archive import XmlArchive
from jobs.extraction.text_encoding import decode

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
# How fonts are hidden in books that are not protected.
FONT_METHODS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
PAGES = ("application/xhtml+xml", "text/html", "text/x-oeb1-document")


def read(data: bytes) -> Iterator[Item]:
    """Yield the title and the chapters."""
    archive = XmlArchive(data)
    _refuse_protected(archive)
    package_name = _package_name(archive)
    package = _parsed(archive.read(package_name))
    if package is None:
        raise UnreadableFileError("a damaged book")
    titles = [text for each in _named(package, "title") if (text := _text(each))]
    creators = [text for each in _named(package, "creator") if (text := _text(each))]
    if titles:
        yield Block(titles[0], Kind.HEADING, level=1)
    if creators:
        yield Block(f"By {', '.join(creators)}")
    missing = 0
    hidden = 0
    for name in _chapters(package, posixpath.dirname(package_name)):
        page = archive.read(name)
        if page is None:
            missing += 1
            continue
        for item in html_items(decode(page)):
            if isinstance(item, Note):
                hidden += 1
            elif isinstance(item, Block) and item.kind is Kind.HEADING:
                yield replace(item, level=item.level + 1)
            else:
                yield item
    if missing:
        yield Note(
            f"{missing:,} of the chapters {'is' if missing == 1 else 'are'} missing in this book."
        )
    if hidden:
        yield Note("Hidden parts of this book were left out.")


def _refuse_protected(archive: XmlArchive) -> None:
    """Raise UnreadableFileError for a book whose chapters are encrypted."""
    encryption = _parsed(archive.read(ENCRYPTION))
    methods = _named(encryption, "EncryptionMethod") if encryption is not None else []
    if any(each.get("Algorithm") not in FONT_METHODS for each in methods):
        raise UnreadableFileError("a book with copy protection (DRM)")


def _package_name(archive: XmlArchive) -> str:
    container = _parsed(archive.read(CONTAINER))
    for each in _named(container, "rootfile") if container is not None else []:
        if path := each.get("full-path"):
            return str(path)
    found = [name for name in archive.names if name.endswith(".opf")]
    if not found:
        raise UnreadableFileError("a damaged book")
    return found[0]


def _chapters(package: etree._Element, folder: str) -> list[str]:
    """Return the names of the chapters, in reading order, each once."""
    manifest = {each.get("id"): each for each in _named(package, "item")}
    names = []
    for each in _named(package, "itemref"):
        item = manifest.get(each.get("idref"))
        is_contents = item is not None and "nav" in (item.get("properties") or "").split()
        if item is not None and item.get("media-type") in PAGES and not is_contents:
            names.append(
                posixpath.join(folder, unquote((item.get("href") or "").partition("#")[0]))
            )
    return list(dict.fromkeys(names))


def _parsed(data: bytes | None) -> etree._Element | None:
    if not data:
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    return etree.fromstring(data, parser)


def _named(root: etree._Element, name: str) -> list[etree._Element]:
    return [each for each in root.iter("{*}" + name)]


def _text(element: etree._Element) -> str:
    return " ".join("".join(element.itertext()).split())
