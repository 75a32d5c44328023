"""What reading a PDF costs: processor time for 100 pages, and the peak memory of the child process.

    python -m benchmarks.reading [--times 5] [FILE …]

Each file is read by `jobs.extraction.read_text` and, in turn, by kreuzberg as Askqueue used it
until November 2026 (`pip install kreuzberg==4.10.4`); without files, a text PDF of 200 pages that
is made here. A table in Markdown of medians comes out. Read the figures as ratios.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import pypdfium2
from fpdf import FPDF

ROOT = Path(__file__).resolve().parents[1]
MEMORY_MB, SECONDS = 2048, 300
POLL_SECONDS = 0.02
PAGES, LINES = 200, 48
LINE = (
    "The landlord keeps crane {number} of quay {page} in repair, and the tenant pays for the rest."
)
# Text with pages, then passages of about 1,200 characters, as `read_text` made them.
KREUZBERG = """
import sys
import kreuzberg
data = open(sys.argv[1], "rb").read()
pages = kreuzberg.PageConfig(extract_pages=True)
config = kreuzberg.ExtractionConfig(pages=pages, use_cache=False)
text = kreuzberg.extract_bytes_sync(data, "application/pdf", config).content.encode()
chunking = kreuzberg.ChunkingConfig(max_chars=1200, max_overlap=150)
config = kreuzberg.ExtractionConfig(chunking=chunking, use_cache=False)
size = 256 * 1024
for start in range(0, len(text), size):
    block = text[start : start + size].decode(errors="ignore").encode()
    for chunk in kreuzberg.extract_bytes_sync(block, "text/plain", config).chunks or []:
        print(chunk.content)
"""


class Cost(NamedTuple):
    """Processor seconds, and the most memory that was resident, in MB."""

    seconds: float
    megabytes: float


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        files = options.files or [_sample(Path(folder) / "200 pages of text.pdf")]
        print("| File | Pages | Reader, s for 100 pages | MB | kreuzberg | MB | Ratio |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for file in files:
            print(_row(file, options.times), flush=True)
    return 0


def _row(file: Path, times: int) -> str:
    with pypdfium2.PdfDocument(file) as document:
        pages = len(document)
    ours, theirs = [], []
    for _ in range(times):
        arguments = [str(file), file.suffix, str(MEMORY_MB), str(SECONDS)]
        ours.append(_run(["-m", "jobs.extraction.read_text", *arguments]))
        theirs.append(_run(["-c", KREUZBERG, str(file)]))
    new, old = _median(ours), _median(theirs)
    share = 100 / pages
    return (
        f"| {file.name} | {pages} | {new.seconds * share:.2f} | {new.megabytes:.0f} "
        f"| {old.seconds * share:.2f} | {old.megabytes:.0f} | {new.seconds / old.seconds:.2f} |"
    )


def _run(arguments: list[str]) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "TMPDIR": folder}
        process = subprocess.Popen(
            [sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL
        )
        peak = 0
        # The peak of `wait4` is at least that of this process, from which the child was forked.
        while not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            peak = max(peak, _peak_kb(process.pid))
            time.sleep(POLL_SECONDS)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{arguments[1]} ended with {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, peak / 1024)


def _peak_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found.group(1)) if found else 0


def _median(costs: list[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.seconds for cost in costs),
        statistics.median(cost.megabytes for cost in costs),
    )


def _sample(path: Path) -> Path:
    paper = FPDF(unit="pt", format="A4")
    paper.set_font("Helvetica", size=10)
    for page in range(1, PAGES + 1):
        paper.add_page()
        for number in range(LINES):
            paper.text(60, 80 + 14 * number, LINE.format(number=number, page=page))
    paper.output(str(path))
    return path


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--times", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
