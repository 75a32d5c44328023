"""Whether a function takes time in proportion to the length of a text.

Measured is the processor time of this thread, the least of several runs, so that a busy machine
changes little. Twice the length may take twice the time and a bit: at eight times the length, 16
times it at most. Quadratic functions take 64 times as long, cubic ones 512 times, in each round;
what a busy machine does to one round, it does not do to all.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHORTEST = 500
TIMES_LONGER = 8
MOST_TIMES = 16
ROUNDS = 8
# Below this, at the greatest length, it is too quick to be quadratic.
SURELY_LINEAR_SECONDS = 0.002

# Each is repeated to the length, and some have a beginning and an end.
UNITS = (
    *"|[](){}*_`$\n\t -+=#>~.!?,;:\"'“”„«»&@<\\/%\r\u2028\u00a0\u00ad\u2060\u0301\u05d0\u202e",
    *("1", "a", "é", "漢", "ﷺ", "\ud800", "😀", "\x00", "\ue000", "\ue001", "\ufffd", "| ", " |"),
    *("|-", "|\n", "[1]", "[1] ", " [1]", "[1", "[1, ", "[1-", "](", "[a](", "![", "![a]("),
    *("[a]: ", "[^1]", "**", "**a ", "*a ", "__", "`a", "``a`", "```", "```a\n", "~~~\n"),
    *("   ```a\n", "~~~a\n~", "- ", "- a\n", "1. ", "> ", ">", "# ", "\n\n", "\n \n", " \n"),
    *("a-\n", "-\n ", "a.", "A. ", "a. A", ".)", ". ", "…", "(…", ". .", "“a ", "„a ", "«a "),
    *('"a ', '"a" ', "<a", "<!--", "<think>", "</think>", "&amp;", "http://", "www.", "a@"),
    *(":a:", ":red[", "$$", "\\[", "\u0316\u0301", "a\u0301", "\u0f73\u0f71", "\uff9e\u0301"),
    *("sep=", "<meta ", "1.1", "1,", "word ", "a b ", "a b b ", "Ab. Cd ", ";=", "\n=", "://a"),
    *("Inc. ", "```mermaid\n", "\ud800a", "; ", "a; "),
)
ENDS = ("", "x\n")


def sample(unit: str, length: int, end: str = "") -> str:
    return (unit * (length // len(unit) + 1))[:length] + end


def seconds(function: Callable[[str], object], text: str) -> float:
    began = time.thread_time()
    function(text)
    return time.thread_time() - began


def is_linear(
    function: Callable[[str], object], unit: str, end: str = "", shortest: int = SHORTEST
) -> bool:
    """Return whether eight times the length takes 16 times the time at most, in some round."""
    short, long = sample(unit, shortest, end), sample(unit, TIMES_LONGER * shortest, end)
    for _ in range(ROUNDS):
        took = seconds(function, long)
        if took < SURELY_LINEAR_SECONDS:
            return True
        if took < MOST_TIMES * min(seconds(function, short) for _ in range(2)):
            return True
    return False


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Look for no garbage meanwhile, in all that the tests before have left."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def growing(
    function: Callable[[str], object], ends: tuple[str, ...] = ENDS, shortest: int = SHORTEST
) -> list[str]:
    """Return the hostile texts, by unit and end, for which it takes more than linear time."""
    with no_garbage_collection():
        return [
            unit + end
            for unit in UNITS
            for end in ends
            if not is_linear(function, unit, end, shortest)
        ]
