"""Archives of XML parts: Office Open XML, OpenDocument. Bounds what they unpack to."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import IO

from lxml import etree

# A book of 3,000 pages has 60 MB of XML, and lxml needs ten times that.
MAX_PART_BYTES = 80 * 1024 * 1024
MAX_BYTES = 160 * 1024 * 1024
# Of one that is read in pieces, such as a sheet of a million cells.
MAX_STREAMED_BYTES = 600 * 1024 * 1024
# The words by which `jobs.extraction.extract` knows what became of it.
TOO_LARGE = "security limit: it unpacks to far more than its size"


class XmlArchive:
    """The members of an archive by their names, whose case does not matter.

    Raises ValueError for what is no archive, or has more than `MAX_BYTES` in what is read of it.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise ValueError("a damaged archive") from error
        self._members = {_key(info.filename): info for info in self._zip.infolist()}
        self._left = MAX_BYTES

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._members

    @property
    def names(self) -> list[str]:
        return list(self._members)

    def read(self, name: str) -> bytes | None:
        """Return the content of a member, or None without one."""
        info = self._members.get(_key(name))
        if info is None:
            return None
        limit = min(MAX_PART_BYTES, self._left)
        if info.file_size > limit:
            raise ValueError(TOO_LARGE)
        try:
            with self._zip.open(info) as member:
                data = member.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise ValueError("a damaged archive") from error
        self._left -= len(data)
        if len(data) > limit:
            raise ValueError(TOO_LARGE)
        return data

    def open(self, name: str) -> IO[bytes] | None:
        """Return a member to be read in pieces, which may be large; None without it."""
        info = self._members.get(_key(name))
        if info is None:
            return None
        # No more is unpacked than is declared here.
        if info.file_size > MAX_STREAMED_BYTES:
            raise ValueError(TOO_LARGE)
        try:
            return self._zip.open(info)
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise ValueError("a damaged archive") from error

    def elements(
        self, name: str, tags: Sequence[str], events: tuple[str, ...] = ("end",)
    ) -> Iterator[tuple[str, etree._Element]]:
        """Yield the elements of a member with these tags as they are read, with their events.

        Yields nothing without the member. Whoever iterates drops what was read. Raises as `xml`.
        """
        member = self.open(name)
        if member is None:
            return
        with member:
            try:
                is_first = True
                for event, element in etree.iterparse(
                    member,
                    events=events,
                    tag=tags,
                    resolve_entities=False,
                    no_network=True,
                    huge_tree=False,
                    remove_comments=True,
                    remove_pis=True,
                ):
                    if is_first and element.getroottree().docinfo.doctype:
                        raise ValueError(f"{TOO_LARGE}: it declares entities")
                    is_first = False
                    yield event, element
            except etree.XMLSyntaxError as error:
                raise _damage(error) from error
            except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                raise ValueError("a damaged archive") from error

    def xml(self, name: str) -> etree._Element | None:
        """Return the root of a part, or None without one."""
        data = self.read(name)
        return None if data is None else parse_xml(data)


def parse_xml(data: bytes) -> etree._Element:
    """Parse XML that brings no entities, no more than 256 levels and no text of 10 MB.

    Raises ValueError.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise _damage(error) from error
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and any(declared.iterentities()):
        raise ValueError("it declares entities, which no such file may")
    return root


def _damage(error: etree.XMLSyntaxError) -> ValueError:
    return ValueError(TOO_LARGE if "Resource limit" in str(error) else f"damaged XML: {error}")


def drop(element: etree._Element) -> None:
    """Free an element that was read, and those before it."""
    element.clear(keep_tail=False)
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _key(name: str) -> str:
    # Some producers write the separators of Windows.
    return posixpath.normpath(name.replace("\\", "/")).lstrip("/").lower()
