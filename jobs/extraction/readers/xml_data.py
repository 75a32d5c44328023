"""Reads XML of any kind: texts with the names of their elements, lists of records as tables."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from html.entities import name2codepoint
from itertools import groupby

from lxml import etree

from jobs.extraction.blocks import Block, Item, Note
from jobs.extraction.readers.html import DATA_URI, html_items
from jobs.extraction.readers.json_data import BASE64
from jobs.extraction.readers.plain_text import text_items
from jobs.extraction.readers.tables import table_blocks
from jobs.extraction.readers.text_lines import GROUP_CHARS, line_groups
from jobs.extraction.text_encoding import decode_text

XHTML = "http://www.w3.org/1999/xhtml"
DECLARATION = re.compile(r"^\s*<\?xml[^<>]*\?>")
# Records have no more fields than this.
MAX_FIELDS = 60
MAX_ATTRIBUTES = 500
# Of the elements around a text, so many are named.
MAX_PATH_NAMES = 5
ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,30});")
XML_ENTITIES = ("amp", "lt", "gt", "quot", "apos")
HTML_WITHIN = re.compile(
    r"</(?:p|div|a|b|i|ul|ol|li|span|table|strong|em|h\d)>|<br ?/?>", re.IGNORECASE
)
CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")


def read(data: bytes) -> Iterator[Item]:
    """Yield the texts; XHTML as a web page, and what is no XML as text."""
    decoded = decode_text(data)
    if decoded.note:
        yield Note(decoded.note)
    text = DECLARATION.sub("", DATA_URI.sub("", decoded.text), count=1)
    text = ENTITY.sub(_character, text)
    root, is_damaged = _parse(text)
    if root is None:
        yield Note("This file is no valid XML and was read as plain text.")
        yield from text_items(decoded.text)
        return
    if is_damaged:
        yield Note("This XML is damaged; parts of it may not have been read.")
    if root.tag == f"{{{XHTML}}}html":
        yield from html_items(text)
        return
    yield from _items(root)


def _parse(text: str) -> tuple[etree._Element | None, bool]:
    """Return the root, or None for no XML, and whether it is damaged."""
    for recover in (False, True):
        parser = etree.XMLParser(
            encoding="utf-8",
            recover=recover,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            root = etree.fromstring(text.encode(errors="replace"), parser)
        except etree.XMLSyntaxError:
            continue
        if root is not None:
            return root, recover
    return None, True


def _character(entity: re.Match[str]) -> str:
    """Return what an entity of HTML stands for, which XML files use without declaring it."""
    code = name2codepoint.get(entity[1])
    return chr(code) if code and entity[1] not in XML_ENTITIES else entity[0]


def _items(root: etree._Element) -> Iterator[Item]:
    """Yield the texts in their order, without recursion; `path` names the elements around."""
    left: list[tuple[str, list[etree._Element]]] = [("", [root])]
    lines: list[str] = []
    size = 0
    while left:
        path, run = left.pop()
        table = _table(run)
        found: list[str] = []
        if table is None and len(run) > 1:
            left += ((path, [each]) for each in reversed(run))
            continue
        if table is None:
            found = _own_lines(run[0], path)
            within = _elements(run[0])
            if within and not _is_mixed(run[0]):
                inner = path if run[0] is root else _joined(path, _name(run[0]))
                runs = [list(each) for _, each in groupby(within, key=lambda one: one.tag)]
                left += ((inner, each) for each in reversed(runs))
        lines += found
        size += sum(map(len, found))
        if size > GROUP_CHARS or table is not None:
            yield from _blocks(lines)
            lines, size = [], 0
        if table is not None:
            yield from table_blocks(table, title=_joined(path, _name(run[0])), heading_rows=1)
    yield from _blocks(lines)


def _own_lines(element: etree._Element, path: str) -> list[str]:
    """Return what an element says itself: its attributes and its text."""
    within = _elements(element)
    if within and _is_mixed(element):
        return [_all_text(element)]
    name = _joined(path, _name(element))
    text = "" if within else _all_text(element)
    attributes = _attributes(element)
    if text and attributes:
        return [f"{name}: {text} ({attributes})"]
    return [f"{name}: {text or attributes}"] if text or attributes else []


def _joined(path: str, name: str) -> str:
    names = [*path.split(" › "), name] if path else [name]
    return " › ".join(names[-MAX_PATH_NAMES:])


def _elements(element: etree._Element) -> list[etree._Element]:
    return [each for each in element if isinstance(each.tag, str)]


def _blocks(lines: list[str]) -> Iterator[Block]:
    if lines:
        yield from map(Block, line_groups("\n".join(lines)))


def _table(children: list[etree._Element]) -> list[list[str]] | None:
    """Return elements of one name that hold fields as rows, or None for others."""
    if len(children) < 2 or len({each.tag for each in children}) > 1:
        return None
    names: dict[str, None] = {}
    rows = []
    for each in children:
        row = _record(each)
        if row is None:
            return None
        rows.append(row)
        names |= dict.fromkeys(row)
        if len(names) > MAX_FIELDS:
            return None
    if len(names) < 2:
        return None
    return [list(names), *([row.get(name, "") for name in names] for row in rows)]


def _record(element: etree._Element) -> dict[str, str] | None:
    """Return the fields of an element, or None if it holds more than fields."""
    fields = {
        _plain(name): value.strip() for name, value in _attribute_items(element) if value.strip()
    }
    if len(element) and _is_mixed(element):
        return None
    if not len(element):
        if text := _all_text(element):
            fields[_name(element)] = text
        return fields
    tags = Counter(each.tag for each in element if isinstance(each.tag, str))
    for child in element:
        if not isinstance(child.tag, str):
            continue
        if len(child) and not _is_mixed(child):
            return None
        text = _all_text(child)
        if attributes := _attributes(child):
            text = f"{text} ({attributes})" if text else attributes
        if text:
            name = _name(child)
            fields[name] = (
                f"{fields[name]}, {text}" if tags[child.tag] > 1 and name in fields else text
            )
    return fields


def _is_mixed(element: etree._Element) -> bool:
    """Return whether text stands between the elements within."""
    return any((each.tail or "").strip() for each in element if isinstance(each.tag, str)) or bool(
        len(element) and (element.text or "").strip()
    )


def _attribute_items(element: etree._Element) -> list[tuple[str, str]]:
    # lxml looks each up from the first on: for more, and no file has them, that takes minutes.
    few = len(element.attrib) <= MAX_ATTRIBUTES
    return [(str(name), str(value)) for name, value in element.attrib.items()] if few else []


def _attributes(element: etree._Element) -> str:
    # Addresses of schemas say nothing about the text.
    return "; ".join(
        f"{_plain(name)}: {value.strip()}"
        for name, value in _attribute_items(element)
        if value.strip() and "XMLSchema-instance" not in name
    )


def _all_text(element: etree._Element) -> str:
    """Return the text within, with the characters that undeclared entities stand for."""
    parts = []
    for each in element.iter():
        if isinstance(each, etree._Entity):
            parts.append(html.unescape(each.text or ""))
        elif isinstance(each.tag, str) and each.text:
            parts.append(each.text)
        if each is not element and each.tail:
            parts.append(each.tail)
    text = "".join(parts)
    lines = (" ".join(line.split()) for line in text.strip().splitlines())
    text = BASE64.sub("", "\n".join(filter(None, lines)))
    if HTML_WITHIN.search(text):  # feeds hold pages as text
        blocks = (each.text for each in html_items(text) if isinstance(each, Block))
        return "\n".join(blocks)
    return text


def _name(element: etree._Element) -> str:
    return _plain(str(element.tag))


def _plain(name: str) -> str:
    """Return a name without its namespace, in words: “unitPrice” is “unit Price”."""
    return CAMEL_CASE.sub(" ", name.rpartition("}")[2]).replace("_", " ")
