"""Equations of Office (OMML) as one line of text, in which a fraction is not a number."""

from __future__ import annotations

from lxml import etree

from jobs.extraction.readers.ooxml import M, W

_ACCENTS = {"sSup": "^", "sSub": "_"}


def formula(element: etree._Element) -> str:
    """Return an equation, or a part of one, as text: `x=(−b±√(b^2−4ac))/2a`."""
    return "".join(_part(child) for child in element)


def _part(element: etree._Element) -> str:
    name = element.tag.rpartition("}")[2]
    if element.tag in (f"{M}t", f"{W}t"):
        return element.text or ""
    if name.endswith("Pr") or element.tag in (f"{W}del", f"{W}moveFrom"):
        return ""
    if name == "f":
        return f"{_grouped(element, 'num')}/{_grouped(element, 'den')}"
    if name in _ACCENTS:
        return f"{_of(element, 'e')}{_ACCENTS[name]}{_grouped(element, name[1:].lower())}"
    if name == "sSubSup":
        return f"{_of(element, 'e')}_{_grouped(element, 'sub')}^{_grouped(element, 'sup')}"
    if name == "sPre":
        return f"_{_grouped(element, 'sub')}^{_grouped(element, 'sup')}{_of(element, 'e')}"
    if name == "rad":
        degree = _of(element, "deg")
        return f"{f'{degree}' if degree else ''}√{_grouped(element, 'e')}"
    if name == "nary":
        return _sum(element)
    if name == "d":
        return _in_brackets(element)
    if name == "func":
        return f"{_of(element, 'fName')} {_of(element, 'e')}"
    if name == "limLow":
        return f"{_of(element, 'e')}_{_grouped(element, 'lim')}"
    if name in ("eqArr", "m"):
        rows = element.findall(f"{M}e") or element.findall(f"{M}mr")
        return "; ".join(
            ", ".join(formula(e) for e in row.findall(f"{M}e")) or formula(row) for row in rows
        )
    return formula(element)


def _of(element: etree._Element, name: str) -> str:
    child = element.find(M + name)
    return "" if child is None else formula(child)


def _grouped(element: etree._Element, name: str) -> str:
    text = _of(element, name)
    return text if len(text) <= 1 or text.isalnum() else f"({text})"


def _sum(element: etree._Element) -> str:
    sign = _property(element, "naryPr", "chr", "∫")
    below, above = _of(element, "sub"), _of(element, "sup")
    below = f"_({below})" if below else ""
    above = f"^({above})" if above else ""
    return f"{sign}{below}{above} {_of(element, 'e')}"


def _in_brackets(element: etree._Element) -> str:
    begin = _property(element, "dPr", "begChr", "(")
    mark = _property(element, "dPr", "sepChr", "|")
    end = _property(element, "dPr", "endChr", ")")
    return begin + mark.join(formula(e) for e in element.findall(f"{M}e")) + end


def _property(element: etree._Element, group: str, name: str, default: str) -> str:
    child = element.find(f"{M}{group}/{M}{name}")
    return default if child is None else child.get(f"{M}val", default)
