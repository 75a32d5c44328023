"""How a figure may be calculated from others: a written sum before it, or a simple one found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from jobs.answering.numbers import Number, numbers_in

# Days, months, quarters and the like: they need no source within a sum.
CONSTANTS = frozenset((2, 3, 4, 7, 10, 12, 24, 30, 52, 60, 90, 100, 180, 360, 365, 366, 1000, 1e6))
# The nearest figures before and after the result are tried: of many, some pair fits by chance.
OPERANDS, IN_A_ROW = 8, 16
MOST_SUMMANDS = 12
MIN_DIGITS = 2
MAX_SUM_CHARS = 240
CONVERSIONS = (100.0, 365.0, 360.0, 12.0, 52.0, 60.0, 24.0, 7.0, 4.0, 1000.0)

_EQUALS = re.compile(r"[=≈→]\s?(?:about |approximately |~)?[^\w\s=(]{0,2}(?:[A-Z]{3} )?\(?$")
_OPERATIONS = str.maketrans({"−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "÷": "/"})
_TIMES = re.compile(r"(?<!\w)x(?!\w)")
_UNITS = re.compile(r"[^\W\d_][\w.’'-]*")
_OPERATOR = re.compile(r"[-+*/()]")
_BREAK = re.compile(r"[=≈:;\n]|[.?!] ")


def find_sum(text: str, figure: Number, known: Sequence[Number]) -> str:
    """Return a simple sum of known figures that gives this one, such as "412.6 − 384.1", or "".

    Sums and means of figures in a row; differences, products, ratios, shares and changes of two.
    """
    near = sorted(known, key=lambda each: abs(each.start - figure.start))
    pairs = _of_percent if figure.is_percent else _of_amounts
    for operands, value, sign in (*pairs(near[:OPERANDS]), *_in_a_row(near[:IN_A_ROW])):
        if _is(value, figure):
            names = [text[each.start : each.end] for each in operands]
            return sign.format(*names) if "{" in sign else sign.join(names)
    return ""


# The figures, what comes out, and how that is written: a sign between, or a pattern.
_Result = tuple[tuple[Number, ...], float, str]


def _pairs(near: Sequence[Number]) -> Iterator[tuple[Number, Number]]:
    return ((one, other) for one in near for other in near if one is not other)


def _of_percent(near: Sequence[Number]) -> Iterator[_Result]:
    """Yield shares and changes of two amounts, and differences of two shares."""
    for one, other in _pairs(near):
        if one.is_percent and other.is_percent:
            if one.value >= other.value:
                yield (one, other), one.value - other.value, " − "
                yield (one, other), one.value + other.value, " + "
        elif other.value:
            share = 100 * one.value / other.value
            yield (one, other), share, " ÷ "
            yield (one, other), share - 100, "{0} ÷ {1} − 1"


def _of_amounts(near: Sequence[Number]) -> Iterator[_Result]:
    """Yield differences, ratios, sums, products, means and parts of two, and conversions of one."""
    for one, other in _pairs(near):
        a, b = one.value, other.value
        if other.is_percent:
            yield (one, other), a * b / 100, " × "
            yield (one, other), a * (1 + b / 100), "{0} × (1 + {1} %)"
            yield (one, other), a * (1 - b / 100), "{0} × (1 − {1} %)"
        if a >= b:
            yield (one, other), a - b, " − "
        if b:
            yield (one, other), a / b, " ÷ "
        if one.start < other.start:
            yield (one, other), a + b, " + "
            yield (one, other), a * b, " × "
            yield (one, other), (a + b) / 2, "({0} + {1}) ÷ 2"
    for one in near:
        for factor in CONVERSIONS:
            yield (one,), one.value * factor, f"{{0}} × {factor:g}"
            yield (one,), one.value / factor, f"{{0}} ÷ {factor:g}"


def _in_a_row(near: Sequence[Number]) -> Iterator[_Result]:
    """Yield sums and means of three and more figures that follow one another."""
    ordered = sorted(near, key=lambda each: each.start)
    for length in range(3, min(MOST_SUMMANDS, len(ordered)) + 1):
        for start in range(len(ordered) - length + 1):
            row = tuple(ordered[start : start + length])
            total = sum(each.value for each in row)
            yield row, total, " + "
            yield row, total / length, ", "


def _is(value: float, figure: Number) -> bool:
    """Return whether a result is a figure, rounded to its last digit. Signs do not count."""
    value = abs(value)
    for reading, ulp in figure.readings:
        slack = ulp / 2 if figure.digits >= MIN_DIGITS else 0.0
        if abs(value - reading) <= slack + 1e-9 * reading:
            return True
    return False


def sum_before(text: str, figure: Number, known: Sequence[Number]) -> str:
    """Return the sum that is written before a figure, as in "(a − b) ÷ b = 7.4 %", if it is right.

    All its figures must be known, or constants such as 365.
    """
    before = text[max(0, figure.start - MAX_SUM_CHARS) : figure.start]
    equals = _EQUALS.search(before)
    if equals is None:
        return ""
    left = before[: equals.start()]
    start = max((match.end() for match in _BREAK.finditer(left)), default=0)
    written = left[start:].strip()
    numbers = numbers_in(left[start:])
    spans = {(each.start, each.end) for each in known}
    offset = figure.start - len(before) + start
    for each in numbers:
        place = (each.start + offset, each.end + offset)
        if place not in spans and each.value not in CONSTANTS:
            return ""
    value = _calculated(left[start:], numbers)
    if value is None:
        return ""
    # Of percent, 5 % × 200 or 10 ÷ 200 = 5 %.
    is_right = any(_is(value * factor, figure) for factor in (1.0, 0.01, 100.0))
    return written if is_right else ""


_APPLY: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}
_RANK = {"+": 1, "-": 1, "*": 2, "/": 2}


def _calculated(written: str, numbers: Sequence[Number]) -> float | None:
    """Work out a sum; words and units in it do not count. None if it is none."""
    tokens: list[float | str] = []
    end = 0
    for number in numbers:
        tokens += [*_operators(written[end : number.start]), number.value]
        end = number.end
    return _evaluate([*tokens, *_operators(written[end:])])


def _operators(gap: str) -> list[str]:
    """Return the operators and brackets between two figures, whose words do not count."""
    plain = _UNITS.sub(" ", _TIMES.sub("×", gap)).translate(_OPERATIONS)
    return _OPERATOR.findall(plain)


def _evaluate(tokens: Sequence[float | str]) -> float | None:
    """Evaluate tokens with two stacks (Dijkstra's shunting yard)."""
    values: list[float] = []
    waiting: list[str] = []

    def apply() -> None:
        operator = waiting.pop()
        second, first = values.pop(), values.pop()
        values.append(_APPLY[operator](first, second))

    try:
        for each in tokens:
            if isinstance(each, float):
                values.append(each)
            elif each == "(":
                waiting.append(each)
            elif each == ")":
                while waiting[-1] != "(":
                    apply()
                waiting.pop()
            else:
                while waiting and _RANK.get(waiting[-1], 0) >= _RANK[each]:
                    apply()
                waiting.append(each)
        while waiting:
            apply()
    except (IndexError, KeyError, ZeroDivisionError, OverflowError):
        return None
    return values[0] if len(values) == 1 and len(tokens) > 1 else None
