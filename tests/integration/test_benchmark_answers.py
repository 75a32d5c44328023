"""`python -m benchmarks.answers` over a folder of two documents."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.integration.processes import ROOT, environment, module

QUESTIONS = [
    {"question": "What is the hotel limit per night?", "document": "travel"},
    {"question": "What is the mileage rate for private cars?", "words": "EUR 0.23"},
    {"question": "Who painted the ceiling of the chapel?", "none": True},
]


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*module("benchmarks.answers", str(folder)), *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )


def test_a_folder_is_measured_and_measured_again(tmp_path: Path) -> None:
    """The product indexes and answers; a second run has the index, and is compared with the first.

    What the benchmark says of a question is what the product's own answer cites.
    """
    folder, data, first = tmp_path / "docs", tmp_path / "index", tmp_path / "first.json"
    folder.mkdir()
    (folder / "travel.md").write_text("# Travel\n\nThe hotel limit is EUR 160 per night.\n")
    (folder / "cars.md").write_text("# Cars\n\nThe mileage rate for private cars is EUR 0.23.\n")
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, QUESTIONS)))

    result = run(folder, "--index-in", data, "--output", first)
    assert "documents to index" in result.stderr, result.stderr
    for measure in (
        "| hit@6 | 1.000 | 1.000 |",
        "| evidence in what the answer is from | 1.000 | 1.000 |",
        "| cited page right, the first | 1.000 | 1.000 |",
        "| refused wrongly | 0 of 2 | 0 of 2 |",
        "| refused rightly | 1 of 1 | 1 of 1 |",
    ):
        assert measure in result.stdout, result.stdout + result.stderr

    # As if the first run had not found the hotel.
    kept = json.loads(first.read_text())
    kept["modes"]["all"][0] |= {"rank": None, "verdict": None}
    first.write_text(json.dumps(kept))
    result = run(folder, "--index-in", data, "--all", "--search-only", "--compare", first)
    assert "documents to index" not in result.stderr, result.stderr
    assert "all, search: 1 better, 1 same" in result.stdout, result.stdout + result.stderr
    assert "better: not found → rank 1: 1 What is the hotel limit per night?" in result.stdout
    assert "cited page right" not in result.stdout

    # As if other code had made the index.
    made_by = data / "made-by.json"
    made_by.write_text(made_by.read_text().replace('"indexing": "', '"indexing": "x'))
    result = run(folder, "--index-in", data, "--all", "--search-only", "--keep", "index")
    assert "documents to index" not in result.stderr, result.stderr
    result = run(folder, "--index-in", data, "--all", "--search-only")
    assert "all is indexed again" in result.stderr, result.stderr
    assert "| hit@3 | 1.000 |" in result.stdout


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """The index is never put among files of somebody else."""
    (tmp_path / "questions.jsonl").write_text(json.dumps(QUESTIONS[2]))
    result = run(tmp_path, "--index-in", tmp_path)
    assert "holds something else" in result.stderr
    assert result.returncode == 1
