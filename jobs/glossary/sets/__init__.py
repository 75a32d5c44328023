"""Starter sets that come with Askqueue: the usual terms of a field, as CSV files.

They are written from general knowledge of each field, and of no one's documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jobs.glossary.csv_file import split_phrases
from jobs.glossary.rules import Rule

SETS = ("finance", "law", "technology")
_FOLDER = Path(__file__).resolve().parent


@cache
def starter_sets() -> Mapping[str, tuple[Rule, ...]]:
    """Return the rules of each set, by its name."""
    return {name: tuple(_read(name)) for name in SETS}


def _read(name: str) -> list[Rule]:
    lines = (_FOLDER / f"{name}.csv").read_text(encoding="utf-8").splitlines()[1:]
    pairs = (line.partition(",") for line in lines if line.strip())
    return [Rule(term.strip(), tuple(split_phrases(rest)), name) for term, _, rest in pairs]
