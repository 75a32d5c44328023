"""The package of Office Open XML: parts, their relationships, and the names of its XML."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from lxml import etree

from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.readers.shown_text import clean, raised
from jobs.extraction.readers.xml_archive import XmlArchive, parse_xml

OFFICE = "http://schemas.openxmlformats.org"
W = f"{{{OFFICE}/wordprocessingml/2006/main}}"
P = f"{{{OFFICE}/presentationml/2006/main}}"
A = f"{{{OFFICE}/drawingml/2006/main}}"
C = f"{{{OFFICE}/drawingml/2006/chart}}"
CX = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"
DGM = f"{{{OFFICE}/drawingml/2006/diagram}}"
PIC = f"{{{OFFICE}/drawingml/2006/picture}}"
WP = f"{{{OFFICE}/drawingml/2006/wordprocessingDrawing}}"
M = f"{{{OFFICE}/officeDocument/2006/math}}"
R = f"{{{OFFICE}/officeDocument/2006/relationships}}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
V = "{urn:schemas-microsoft-com:vml}"
OLE = "{urn:schemas-microsoft-com:office:office}OLEObject"
DECORATIVE = "{http://schemas.microsoft.com/office/drawing/2017/decorative}decorative"

# “Strict” files, ISO/IEC 29500, have the same elements in namespaces of their own.
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/(\w+)")
# Where programs put the main part, for files that lost what says so.
_USUAL_MAIN_PARTS = ("word/document.xml", "ppt/presentation.xml")
_FALSE = ("0", "false", "off")
_PICTURE_ENDINGS = (
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".bmp",
    ".tif",
    ".tiff",
    ".svg",
    ".emf",
    ".wmf",
    ".webp",
)


class Relationship(NamedTuple):
    """`kind` is the last word of its type, such as `footnotes`; `target` the name of a part."""

    kind: str
    target: str


class Package:
    """An archive of parts that refer to each other."""

    def __init__(self, data: bytes) -> None:
        self.archive = XmlArchive(data)
        self._relations: dict[str, dict[str, Relationship]] = {}

    def main_part(self) -> str:
        """Return the name of the part that makes the file what it is."""
        named = (each for each in self.relations("").values() if each.kind == "officeDocument")
        for part in (*(each.target for each in named), *_USUAL_MAIN_PARTS):
            if part in self.archive:
                return part
        raise UnreadableFileError("an archive without a document")

    def xml(self, name: str) -> etree._Element | None:
        """Return the root of a part, in the names of the transitional form; None without it."""
        data = self.archive.read(name)
        if data is None:
            return None
        if b"http://purl.oclc.org/ooxml/" in data:
            data = _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/\2", data)
        return parse_xml(data)

    def relations(self, part: str) -> dict[str, Relationship]:
        """Return what a part refers to in the package, by the ids that it uses."""
        if part not in self._relations:
            self._relations[part] = dict(self._read_relations(part))
        return self._relations[part]

    def related(self, part: str, kind: str) -> Iterator[str]:
        """Yield the parts of a kind to which a part refers."""
        for relation in self.relations(part).values():
            if relation.kind == kind:
                yield relation.target

    def related_xml(self, part: str, kind: str) -> etree._Element | None:
        """Return the root of the first part of a kind to which a part refers."""
        name = next(self.related(part, kind), None)
        return None if name is None else self.xml(name)

    def _read_relations(self, part: str) -> Iterator[tuple[str, Relationship]]:
        folder, name = posixpath.split(part)
        root = self.xml(posixpath.join(folder, "_rels", f"{name}.rels"))
        for element in () if root is None else root:
            if element.get("TargetMode") == "External":
                continue
            target = unquote(element.get("Target", "").partition("#")[0]).replace("\\", "/")
            if not target.startswith("/"):
                target = posixpath.join(folder, target)
            kind = element.get("Type", "").rpartition("/")[2]
            path = posixpath.normpath(target).lstrip("/")
            yield element.get("Id", ""), Relationship(kind, path)


def value(element: etree._Element | None, name: str) -> str | None:
    """Return the attribute `w:val` of a child, or None without the child."""
    child = None if element is None else element.find(W + name)
    return None if child is None else child.get(f"{W}val")


def is_on(element: etree._Element | None) -> bool:
    """Return whether a switch such as `<w:vanish/>` is there and not turned off."""
    return element is not None and element.get(f"{W}val", "1") not in _FALSE


def is_true(text: str | None, *, default: bool) -> bool:
    """Return what an attribute such as `show="0"` says."""
    return default if text is None else text not in _FALSE


def branches(element: etree._Element) -> list[etree._Element]:
    """Return the renderings of an `mc:AlternateContent`, the newest first. Read only one."""
    return [child for child in element if child.tag in (f"{MC}Choice", f"{MC}Fallback")]


def alt_text(properties: etree._Element | None) -> str:
    """Return what a picture's author wrote for people who cannot see it."""
    if properties is None:
        return ""
    for decorative in properties.iter(DECORATIVE):
        if is_true(decorative.get("val"), default=True):
            return ""
    text = " ".join((properties.get("descr") or properties.get("title") or "").split())
    # Some programs put there the name of the file.
    is_file_name = " " not in text and text.lower().endswith(_PICTURE_ENDINGS)
    return "" if is_file_name else text


def drawing_text(paragraph: etree._Element) -> str:
    """Return the text of a paragraph of DrawingML (`a:p`)."""
    from jobs.extraction.readers.office_math import formula

    parts: list[str] = []
    for element in paragraph.iter(f"{A}t", f"{A}br", f"{A}tab", f"{M}oMath"):
        if element.tag == f"{A}br":
            parts.append("\n")
        elif element.tag == f"{M}oMath":
            parts.append(formula(element))
        elif element.tag == f"{A}t":
            parts.append(_drawn_run(element))
    return clean("".join(parts))


def _drawn_run(element: etree._Element) -> str:
    text = element.text or ""
    run = element.getparent()
    properties = None if run is None else run.find(f"{A}rPr")
    baseline = "" if properties is None else properties.get("baseline", "")
    return raised(text) if baseline.rstrip("%0.") and not baseline.startswith("-") else text


def drawing_paragraphs(body: etree._Element | None) -> Iterator[str]:
    """Yield the paragraphs of a text of DrawingML that are not empty."""
    for paragraph in () if body is None else body.iter(f"{A}p"):
        if text := drawing_text(paragraph):
            yield text
