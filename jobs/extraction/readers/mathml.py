"""Equations of OpenDocument (MathML) as one line of text, in which a fraction is not a number."""

from __future__ import annotations

from lxml import etree

_MARKS = {"msup": "^", "mover": "^", "msub": "_", "munder": "_"}


def formula(element: etree._Element) -> str:
    """Return an equation, or a part of one, as text: `x=1/2`."""
    name = element.tag.rpartition("}")[2]
    if name in ("annotation", "annotation-xml"):
        return ""
    parts = [formula(child) for child in element]
    if name == "mfrac" and len(parts) == 2:
        return f"{_grouped(parts[0])}/{_grouped(parts[1])}"
    if name in _MARKS and len(parts) == 2:
        return f"{parts[0]}{_MARKS[name]}{_grouped(parts[1])}"
    if name in ("msubsup", "munderover") and len(parts) == 3:
        return f"{parts[0]}_{_grouped(parts[1])}^{_grouped(parts[2])}"
    if name == "msqrt":
        return f"√{_grouped(''.join(parts))}"
    if name == "mroot" and len(parts) == 2:
        return f"{parts[1]}√{_grouped(parts[0])}"
    if name == "mtable":
        return "; ".join(parts)
    if name == "mtr":
        return ", ".join(parts)
    return "".join([(element.text or "").strip(), *parts])


def _grouped(text: str) -> str:
    return text if len(text) <= 1 or text.isalnum() else f"({text})"
