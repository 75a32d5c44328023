"""What an analyst does with a hundred questions at once, in a real browser."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.browser.access import expect_access
from tests.browser.downloads import download_of
from tests.browser.stack import Stack
from tests.browser.test_journey import ask, click_row, expect_row, expect_state
from tests.fakes import FakeModelServer

ROWS = 40
QUESTIONS = [f"What may a hotel cost in case {number}?" for number in range(1, ROWS + 1)]
ANSWER = "Hotels may cost EUR 160 per night [1]."


def csv_file(name: str) -> dict[str, str | bytes]:
    """A file as Excel saves it where the decimal comma is used; two rows are to be skipped."""
    lines = [f"{number};{question};=1+1" for number, question in enumerate(QUESTIONS, start=1)]
    text = "\r\n".join(["Id;Question;Note", *lines, "41;;", f"42;{QUESTIONS[0]};", ""])
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode("cp1252")}


def download(page: Page, kind: str, folder: Path) -> Path:
    started = download_of(page, page.get_by_role("link", name=f"Download {kind}", exact=True))
    path = folder / started.suggested_filename
    started.save_as(path)
    return path


def test_batch_runs_to_a_table_of_answers(
    page: Page, model: FakeModelServer, stack: Stack, tmp_path: Path
) -> None:
    """Upload, preview, submit; pause and resume; retry what failed; download; again; delete."""
    model.answer = ANSWER
    model.token_delay_seconds = 0.5
    model.behave("bad_key", times=2)
    page.get_by_role("link", name="Batches").click()
    page.locator("input[type=file]").set_input_files([csv_file("audit.csv")])
    expect(page.get_by_text("40 questions in 42 rows")).to_be_visible()
    expect(page.get_by_text("1 row without a question and 1 duplicate")).to_be_visible()
    expect_access(page)
    page.get_by_role("button", name="Ask 40 questions").click()
    expect(page.get_by_role("heading", name="audit.csv")).to_be_visible()
    expect(page.get_by_text("Running")).to_be_visible()
    expect(page.get_by_role("radio", name="Finished")).to_be_visible()

    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused")).to_be_visible()
    model.token_delay_seconds = 0.0
    expect(page.get_by_role("radio", name="Not asked yet")).to_be_visible()
    expect(page.get_by_role("radio", name="Queued")).to_have_count(0)
    page.get_by_role("link", name="Ask").click()
    ask(page, "What may a hotel cost?")
    expect_state(page, "Finished")
    page.get_by_role("link", name="Batches").click()
    expect(page.get_by_role("heading", name="audit.csv")).to_be_visible()
    page.get_by_role("button", name="Resume").click()

    expect(page.get_by_text("40 of 40 done, 2 failed")).to_be_visible()
    page.get_by_role("radio", name="Failed 2").click()
    expect_row(page, "Failed", "The model server refused the API key")
    page.get_by_role("button", name="Retry failed (2)").click()
    expect(page.get_by_text("40 of 40 done", exact=False)).not_to_contain_text("failed")
    expect(page.get_by_role("radio", name="Finished 40")).to_be_visible()

    rows = list(csv.reader(io.StringIO(download(page, "CSV", tmp_path).read_text("utf-8-sig"))))
    assert rows[0][:5] == ["Id", "Question", "Note", "State", "Answer"]
    assert [row[0] for row in rows[1:]] == [str(number) for number in range(1, 43)]
    assert [row[3] for row in rows[1:]] == ["finished"] * 40 + ["no question", "finished"]
    assert rows[42][1:5] == [QUESTIONS[0], "", "finished", ANSWER]
    assert rows[1][2] == "'=1+1"
    sheet = load_workbook(download(page, "XLSX", tmp_path)).worksheets[0]
    assert [[value or "" for value in row] for row in sheet.iter_rows(values_only=True)] == rows

    expect_access(page)
    click_row(page, 2, from_right=60)
    expect(page.get_by_role("heading", name=QUESTIONS[1], exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?job=[0-9a-f]{32}$"))
    expect(page.get_by_test_id("stSidebar")).not_to_contain_text("in case")

    page.get_by_role("link", name="Batches").click()
    page.get_by_role("button", name="All batches").click()
    page.locator("input[type=file]").set_input_files([csv_file("the-same.csv")])
    expect(page.get_by_text("40 of 40 are done. No question is asked twice.")).to_be_visible()
    page.get_by_role("button", name="Open this batch").click()
    expect(page.get_by_role("heading", name="audit.csv")).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    delete = page.get_by_role("dialog").get_by_role("button", name="Delete")
    expect(delete).to_be_visible()
    expect_access(page)
    delete.click()
    expect(page.get_by_role("heading", name="Batches")).to_be_visible()
    expect(page.get_by_text("Your batches")).to_have_count(0)
    assert "Traceback" not in stack.log("web"), stack.log("web")[-12000:]
    assert "watch failed" not in stack.log("worker")
