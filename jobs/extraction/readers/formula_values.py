"""Results of simple formulas that nobody saved: arithmetic, and sums of cells on the same sheet.

Programs write formulas without results; a spreadsheet works them out when it opens the file. What
is worked out here gives the same in all of them. Any other formula has no result.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal

# A formula and those that it refers to, in turn, and all cells that are looked at for a sheet.
MAX_DEPTH = 12
MAX_STEPS = 1_000_000
MAX_FORMULA_CHARS = 1000
MAX_NESTED = 10
MAX_ROUNDED_DIGITS = 15

Cell = tuple[int, int]  # its row and column, from 1

_PIECE = re.compile(
    r"\s{0,80}(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)"
    r"|(?P<name>[A-Z]{1,40})(?=\()"
    r"|(?P<cells>\$?[A-Z]{1,3}\$?\d{1,7}(?::\$?[A-Z]{1,3}\$?\d{1,7})?)(?![\w(!.])"
    r"|(?P<sign>[-+*/^%(),]))\s*",
    re.IGNORECASE,
)
_FUNCTIONS: dict[str, Callable[[list[float]], float]] = {
    "SUM": math.fsum,
    "AVERAGE": lambda values: math.fsum(values) / len(values),
    "MIN": lambda values: min(values, default=0.0),
    "MAX": lambda values: max(values, default=0.0),
    "PRODUCT": lambda values: math.prod(values) if values else 0.0,
    "COUNT": lambda values: float(len(values)),
}
_PRIORITIES = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 3}


class NoResultError(Exception):
    """A formula that is not worked out here."""


def formula_values(
    formulas: Mapping[Cell, str],
    values: Mapping[Cell, float | None],
    cells_of: Callable[[str], tuple[int, int, int, int] | None],
) -> dict[Cell, float]:
    """Return the results of those formulas that can be worked out.

    `values` has the numbers of the sheet, None for cells with texts, and NaN for those with errors;
    empty cells are missing.
    `cells_of` returns the top, left, bottom and right of a reference such as "A2:B9".
    """
    sheet = _Sheet(formulas, values, cells_of)
    # Chains of formulas go down a sheet, or up.
    for cells in (sorted(formulas), sorted(formulas, reverse=True)):
        sheet.try_results(cells)
    return sheet.results


class _Sheet:
    """The formulas of a sheet while they are worked out."""

    def __init__(
        self,
        formulas: Mapping[Cell, str],
        values: Mapping[Cell, float | None],
        cells_of: Callable[[str], tuple[int, int, int, int] | None],
    ) -> None:
        self._formulas, self._values, self._cells_of = formulas, values, cells_of
        self._steps = 0
        self._open: set[Cell] = set()
        self._failed: set[Cell] = set()
        self.results: dict[Cell, float] = {}

    def try_results(self, cells: list[Cell]) -> None:
        """Work out what can be, in this order."""
        self._failed.clear()
        for cell in cells:
            try:
                self._result(cell)
            except (NoResultError, ArithmeticError, ValueError):
                self._failed.add(cell)

    def _result(self, cell: Cell) -> float:
        if cell in self.results:
            return self.results[cell]
        if cell in self._failed or cell in self._open or len(self._open) >= MAX_DEPTH:
            raise NoResultError
        self._open.add(cell)
        try:
            result = _Formula(self._formulas[cell], self).value()
        finally:
            self._open.discard(cell)
        if not math.isfinite(result):
            raise NoResultError
        self.results[cell] = result
        return result

    def number(self, cell: Cell) -> float:
        """Return the number of a cell; an empty one counts 0."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise NoResultError
        if cell in self._formulas:
            return self._result(cell)
        value = self._values.get(cell, 0.0)
        if value is None or math.isnan(value):
            raise NoResultError
        return value

    def numbers(self, reference: str) -> Iterator[float]:
        """Yield the numbers in a range, without its texts and empty cells."""
        bounds = self._cells_of(reference)
        if bounds is None:
            raise NoResultError
        top, left, bottom, right = bounds
        self._steps += (bottom - top + 1) * (right - left + 1)
        if self._steps > MAX_STEPS:
            raise NoResultError
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                cell = (row, column)
                if cell in self._formulas or self._values.get(cell) is not None:
                    yield self.number(cell)

    def cell(self, reference: str) -> Cell:
        bounds = self._cells_of(reference)
        if bounds is None:
            raise NoResultError
        return bounds[0], bounds[1]


class _Formula:
    """One formula, read from left to right."""

    def __init__(self, text: str, sheet: _Sheet) -> None:
        self._text = text.removeprefix("=").strip()
        if len(self._text) > MAX_FORMULA_CHARS:
            raise NoResultError
        self._sheet = sheet
        self._at = 0
        self._nested = 0
        self._kind = self._piece = ""
        self._next()

    def value(self) -> float:
        result = self._expression(1)
        if self._piece or self._at < len(self._text):
            raise NoResultError
        return result

    def _next(self) -> None:
        match = _PIECE.match(self._text, self._at)
        if match is None:
            if self._at < len(self._text):
                raise NoResultError
            self._kind = self._piece = ""
            return
        self._kind = match.lastgroup or ""
        self._piece, self._at = match[self._kind], match.end()

    def _expression(self, priority: int) -> float:
        self._nested += 1
        if self._nested > MAX_NESTED:
            raise NoResultError
        left = self._operand()
        while _PRIORITIES.get(self._piece, 0) >= priority:
            sign = self._piece
            self._next()
            right = self._expression(_PRIORITIES[sign] + 1)
            left = _combined(left, sign, right)
        self._nested -= 1
        return left

    def _operand(self) -> float:
        # A sign goes before powers: -2^2 is 4.
        sign = 1.0
        while self._piece in ("-", "+"):
            sign = -sign if self._piece == "-" else sign
            self._next()
        return sign * self._unsigned()

    def _unsigned(self) -> float:
        kind, piece = self._kind, self._piece
        self._next()
        if kind == "number":
            result = float(piece)
        elif kind == "cells" and ":" not in piece:
            result = self._sheet.number(self._sheet.cell(piece))
        elif kind == "name":
            result = self._function(piece.upper())
        elif piece == "(":
            result = self._expression(1)
            self._close()
        else:
            raise NoResultError
        while self._piece == "%":
            result /= 100
            self._next()
        return result

    def _function(self, name: str) -> float:
        self._next()  # the bracket
        if name in ("ROUND", "ABS"):
            first = self._expression(1)
            digits = 0.0
            if name == "ROUND":
                if self._piece != ",":
                    raise NoResultError
                self._next()
                digits = self._expression(1)
            self._close()
            return abs(first) if name == "ABS" else _rounded(first, int(digits))
        if name not in _FUNCTIONS:
            raise NoResultError
        values: list[float] = []
        while True:
            if self._kind == "cells":
                values.extend(self._cells_argument())
            else:
                values.append(self._expression(1))
            if self._piece != ",":
                break
            self._next()
        self._close()
        return _FUNCTIONS[name](values)

    def _cells_argument(self) -> Iterator[float]:
        """Return the numbers of a reference that is an argument by itself."""
        after = self._text[self._at : self._at + 1]
        if after not in (",", ")"):
            return iter([self._expression(1)])
        reference = self._piece
        self._next()
        return self._sheet.numbers(reference)

    def _close(self) -> None:
        if self._piece != ")":
            raise NoResultError
        self._next()


def _combined(left: float, sign: str, right: float) -> float:
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    if sign == "*":
        return left * right
    if sign == "/":
        return left / right
    if left < 0 and right != int(right):
        raise NoResultError
    return float(left**right)


def _rounded(value: float, digits: int) -> float:
    """Round half away from zero, as spreadsheets do."""
    if abs(digits) > MAX_ROUNDED_DIGITS:
        raise NoResultError
    exact = Decimal(f"{value:.15g}")
    return float(exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, Context(prec=400)))
