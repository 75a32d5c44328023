"""Rules as a CSV file: a term and, separated by semicolons, what else to search for."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable

from jobs.errors import InvalidGlossaryError
from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.readers.csv_rows import csv_rows
from jobs.extraction.text_encoding import decode
from jobs.glossary.rules import Rule, make_rule

MAX_FILE_BYTES = 1_000_000
HEADER = ("Term", "Also search for")
SEPARATOR = ";"


def write_csv(rules: Iterable[Rule]) -> bytes:
    """Return the rules as CSV, in UTF-8 with the byte order mark that Excel needs."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(HEADER)
    writer.writerows((rule.term, "; ".join(rule.phrases)) for rule in rules)
    return codecs.BOM_UTF8 + text.getvalue().encode(errors="replace")


def read_csv(data: bytes) -> list[Rule]:
    """Read what `write_csv` or a spreadsheet wrote; the header may be missing.

    Phrases may have cells of their own, too. Raises InvalidGlossaryError, which names the row.
    """
    if len(data) > MAX_FILE_BYTES:
        raise InvalidGlossaryError("This file has more than 1 MB. Split it.")
    try:
        rows = list(csv_rows(decode(data)))
    except UnreadableFileError as error:
        raise InvalidGlossaryError("This file is no text. Save it as CSV, in UTF-8.") from error
    rules: list[Rule] = []
    for row in rows:
        if not row.cells or (not rules and row.cells[0].casefold() == HEADER[0].casefold()):
            continue
        try:
            rules.append(make_rule(row.cells[0], split_phrases(SEPARATOR.join(row.cells[1:]))))
        except InvalidGlossaryError as error:
            raise InvalidGlossaryError(f"Row {row.line}: {error.message}") from error
    if not rules:
        raise InvalidGlossaryError(
            "This file has no terms. Write a term in the first column and, separated by "
            "semicolons, what else to search for in the second."
        )
    return rules


def split_phrases(text: str) -> list[str]:
    """Return the phrases that somebody separated by semicolons or line breaks."""
    return [phrase.strip() for phrase in text.replace("\n", SEPARATOR).split(SEPARATOR)]
