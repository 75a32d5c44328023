"""The numbers and bullets that browsers put before the items of lists."""

from __future__ import annotations

from lxml import etree

BULLET = "•"
ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l")),
    *((40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
MAX_ROMAN = 4000


class ListCounter:
    """Counts the items of one list."""

    def __init__(self, element: etree._Element) -> None:
        self._is_ordered = element.tag == "ol"
        self._type = element.get("type") or "1"
        self._step = 1
        if element.get("reversed") is not None:
            self._step = -1
        items = sum(1 for each in element if each.tag == "li") if self._step < 0 else 1
        self._number = _number(element.get("start"), items)

    def marker(self, item: etree._Element) -> str:
        """Return what stands before the next item."""
        if not self._is_ordered:
            return BULLET
        number = _number(item.get("value"), self._number)
        self._number = number + self._step
        return f"{self._formatted(number, item.get('type') or self._type)}."

    @staticmethod
    def _formatted(number: int, kind: str) -> str:
        if kind in ("a", "A") and number > 0:
            letters = ""
            while number > 0:
                number, rest = divmod(number - 1, 26)
                letters = chr(ord(kind) + rest) + letters
            return letters
        if kind in ("i", "I") and 0 < number < MAX_ROMAN:
            text = ""
            for value, letters in ROMAN:
                text += letters * (number // value)
                number %= value
            return text if kind == "i" else text.upper()
        return str(number)


def _number(text: str | None, default: int) -> int:
    digits = (text or "").strip()[:9]
    return int(digits) if digits.lstrip("-").isascii() and digits.lstrip("-").isdigit() else default
