"""Tables that are made to fill web's memory or to hold up its processor: each is read elsewhere."""

from __future__ import annotations

import io
import resource
import threading
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from jobs.batches import spreadsheet, table_limits
from jobs.batches.spreadsheet import Sheet, read_sheets
from jobs.batches.table_limits import MAX_CELLS, MAX_CHARS, MAX_SHEETS, Refusal
from jobs.errors import InvalidBatchError, TooManyFilesError
from jobs.extraction.slots import NoSlotError, Slots
from tests.waiting import HANG_SECONDS, until

SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
WORKSHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
BOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def workbook(rows: str, sheets: int = 1, doctype: str = "") -> bytes:
    """A workbook whose sheets all have these rows, as XML."""
    data = io.BytesIO()
    numbers = range(1, sheets + 1)
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        parts = "".join(
            f'<Override PartName="/xl/s{n}.xml" ContentType="{WORKSHEET_TYPE}"/>' for n in numbers
        )
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types">'
            f'<Override PartName="/xl/workbook.xml" ContentType="{BOOK_TYPE}"/>{parts}</Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        named = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{SHEET}" xmlns:r="{RELATIONS}"><sheets>{named}</sheets></workbook>',
        )
        related = "".join(
            f'<Relationship Id="r{n}" Type="{RELATIONS}/worksheet" Target="s{n}.xml"/>'
            for n in numbers
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships">{related}</Relationships>',
        )
        sheet = f'{doctype}<worksheet xmlns="{SHEET}"><sheetData>{rows}</sheetData></worksheet>'
        for n in numbers:
            archive.writestr(f"xl/s{n}.xml", sheet)
    return data.getvalue()


def cell(place: str, words: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{words}</t></is></c>'


def empty_rows_between() -> str:
    """A row at the end of each stretch of nothing: every one of them is filled in."""
    return "".join(
        f'<row r="{number}">{cell(f"A{number}", "Who?")}{cell(f"GR{number}", "x")}</row>'
        for number in range(1, 20_000)
    )


LAUGHS = (
    "<!DOCTYPE x ["
    + '<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)
FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "empty rows": ("a.xlsx", lambda: workbook(empty_rows_between())),
    "empty rows in each sheet": (
        "a.xlsx",
        lambda: workbook(f'<row r="20000">{cell("A20000", "x")}{cell("GR20000", "x")}</row>', 30),
    ),
    "million empty rows": (
        "a.xlsx",
        lambda: workbook("<row/>" * 1_000_000 + f'<row r="1048576">{cell("A1048576", "x")}</row>'),
    ),
    "sheets": ("a.xlsx", lambda: workbook(f'<row r="1">{cell("A1", "x")}</row>', MAX_SHEETS + 1)),
    "billion laughs": (
        "a.xlsx",
        lambda: workbook(f'<row r="1">{cell("A1", "&i;")}</row>', doctype=LAUGHS),
    ),
    "one cell": ("a.xlsx", lambda: workbook(f'<row r="1">{cell("A1", "x" * 50_000_000)}</row>')),
    "deep": ("a.xlsx", lambda: workbook("<row>" * 200_000)),
    "columns": ("a.csv", lambda: b"a," * 5_000_000),
    "rows of columns": ("a.csv", lambda: (b"ab," * 200 + b"\n") * 10_000),
    "field": ("a.csv", lambda: b'Question\n"' + b"x" * 10_000_000),
    "quoted lines": ("a.csv", lambda: b'Question\n"' + b"\n" * 10_000_000 + b'"'),
    "text as large as may be": ("a.txt", lambda: ("é" * 249 + "\n").encode() * 20_000),
    "nested archive": ("a.xlsx", lambda: zipped(zipped(b"x" * 10_000_000))),
    "no charset": ("a.csv", lambda: b'<meta charset="undefined">\xff'),
    "page in a table": ("a.csv", lambda: b'sep="\n"\xff"' * 1000),
}


def zipped(data: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr("xl/workbook.xml", data)
    return archive.getvalue()


@pytest.mark.parametrize("kind", FILES)
def test_hostile_table_costs_its_reader_little(kind: str) -> None:
    """It is refused with a sentence, or is no larger than any table may be."""
    name, make = FILES[kind]
    data = make()
    before = peak_mb()
    sheets: tuple[Sheet, ...] = ()
    refusal = ""
    try:
        sheets = read_sheets(name, data)
    except InvalidBatchError as error:
        refusal = error.message
    cells = [cell for sheet in sheets for row in sheet.rows for cell in row]
    # Up to the number of a row.
    assert sheets or any(refusal.startswith(each.partition("{")[0]) for each in Refusal)
    assert len(cells) <= MAX_CELLS
    assert sum(map(len, cells)) <= MAX_CHARS
    # 500,000 cells of 60 bytes, 10,000,000 characters, and their lines as they come.
    assert peak_mb() - before < 160


def peak_mb() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shell script that stands for a child that a file has taken over."""
    path = tmp_path / "program"
    path.touch(mode=0o700)
    monkeypatch.setattr("sys.executable", str(path))
    return path


@pytest.mark.parametrize(
    "script",
    [
        "echo '[[[' ; exit 0",
        f"echo '{'[' * 100_000}'",
        "echo '{}'",
        """echo '["a"]'""",
        """echo '"S"'; echo '[]'""",
        """echo '"S"'; echo '[1]'""",
        """echo '"S"'; echo '["a"]'; echo '["a", "b"]'""",
        """echo '"S"'""",
        """while :; do echo '"S"'; done""",
        """echo '"S"'; while :; do echo '["aaaaaaaa", "b"]'; done""",
        "exec cat /dev/zero",
        "echo 'Send your password to evil.example.' >&2; exit 4",
        "kill -SEGV $$",
        "exit 0",
    ],
)
def test_whatever_the_child_prints_is_bounded_and_no_sentence_of_its_own(
    program: Path, script: str
) -> None:
    """Its words are data of the file, or one of our refusals."""
    program.write_text(f"#!/bin/sh\n{script}\n")
    with pytest.raises(InvalidBatchError) as raised:
        read_sheets("a.csv", b"Who?\n")
    assert raised.value.message in set(Refusal)


def test_child_that_ends_leaves_nobody(program: Path, tmp_path: Path) -> None:
    """What it started goes too, though it has closed its pipes and ignores signals."""
    pid = tmp_path / "pid"
    program.write_text(
        f"#!/bin/sh\n(trap '' TERM INT HUP; echo $$ > {pid}.part; sh -c 'echo $PPID' > {pid}; "
        "exec >&- 2>&-; while :; do sleep 1; done) &\n"
        f"while [ ! -s {pid} ]; do :; done; exit 0\n"
    )
    with pytest.raises(InvalidBatchError):
        read_sheets("a.csv", b"Who?\n")
    number = int(pid.read_text())
    until(lambda: not is_running(number), "the process that the child started is gone")


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_file_larger_than_any_is_refused_before_it_is_read(program: Path) -> None:
    """No process is started for it."""
    program.write_text("#!/bin/sh\nkill -SEGV $$\n")
    with pytest.raises(InvalidBatchError, match="more than 10 MB"):
        read_sheets("a.csv", b"x" * (table_limits.MAX_FILE_BYTES + 1))


def test_each_user_has_one_place_and_few_wait() -> None:
    """The surplus is refused at once, so that it holds no thread; nobody else waits for it."""
    slots = Slots(2, 1, 3)
    go, waiting = threading.Event(), threading.Event()

    def wait() -> None:
        waiting.set()
        with slots.take("mallory", HANG_SECONDS):
            go.set()

    with ExitStack() as held:
        held.enter_context(slots.take("mallory", 0))
        thread = threading.Thread(target=wait)
        thread.start()
        assert waiting.wait(HANG_SECONDS)
        until(lambda: slots._inside["mallory"] == 2)
        with pytest.raises(NoSlotError), slots.take("mallory", HANG_SECONDS):
            pass
        with slots.take("ann", 0):
            assert not go.is_set()
            with pytest.raises(NoSlotError), slots.take("bob", 0):
                pass
    assert go.wait(HANG_SECONDS)
    thread.join(HANG_SECONDS)
    assert not slots._inside
    with slots.take("mallory", 0), slots.take("bob", 0):
        pass


def test_waiting_users_are_bounded_in_all() -> None:
    """Thousands of names hold no more threads than a few."""
    slots = Slots(1, 1, 0)
    with slots.take("a", 0), pytest.raises(NoSlotError), slots.take("b", HANG_SECONDS):
        pass


def test_file_is_refused_while_too_many_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says to try again: nothing is wrong with the file."""
    monkeypatch.setattr(spreadsheet, "_slots", Slots(1, 1, 0))
    with spreadsheet._slots.take("mallory", 0), pytest.raises(TooManyFilesError, match="Try again"):
        read_sheets("a.csv", b"Who?\n", "ann")
