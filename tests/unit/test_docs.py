"""The documentation agrees with the code, and its links lead somewhere."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.generate_settings import TARGET, default_of, settings_page
from jobs.extraction.file_types import MEDIA_TYPES
from jobs.settings import Settings
from jobs.worker.retention import OWNERS
from ui.api import app

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {name.upper() for name in Settings.model_fields}
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    *sorted((ROOT / "benchmarks").glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
MOST_README_LINES = 150
LINK = re.compile(r"\[[^]\[]*\]\(([^()\s]+)\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
CODE_PATH = re.compile(r"`((?:jobs|ui|tests|benchmarks|docs|monitoring|samples)/[\w./-]+)`")
HTTP_METHODS = ("get", "post", "put", "patch", "delete")


def example_lines() -> dict[str, str]:
    """Setting to value, from the commented assignments of .env.example."""
    return dict(re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.M))


def broken_links(page: Path) -> Iterator[str]:
    """The relative links of a page that lead to no file, or to no heading of one."""
    for link in LINK.findall(CODE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            yield link


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    seen: Counter[str] = Counter()
    anchors = set()
    for heading in HEADING.findall(text):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w -]", "", words).strip().replace(" ", "-")
        anchors.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return anchors


def test_settings_page_is_generated() -> None:
    """docs/settings.md is what `python -m docs.generate_settings` writes."""
    assert TARGET.read_text() == settings_page()


def test_env_example_has_every_setting_with_its_default() -> None:
    """.env.example names each setting, with the default of the code; so does docs/settings.md."""
    documented = example_lines()
    wrong = {
        name: f"{documented.get(name, 'nothing')!r} instead of {default_of(name)!r}"
        for name in SETTINGS
        if documented.get(name) != default_of(name)
    }
    assert wrong == {}


def test_env_example_explains_every_line() -> None:
    """Each assignment in .env.example follows a comment that says what it is."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    unexplained = [
        line
        for above, line in itertools.pairwise(lines)
        if re.match(r"#[A-Z_]+=", line) and not above.startswith("# ")
    ]
    assert unexplained == []


def test_readme_is_short() -> None:
    """The README leads into docs/ instead of saying everything itself."""
    assert len((ROOT / "README.md").read_text().splitlines()) <= MOST_README_LINES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link leads to a file that is there and, with an anchor, to a heading of it."""
    assert list(broken_links(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_of_the_code_exist(page: Path) -> None:
    """Each file and folder of the code that a page names is there."""
    named = CODE_PATH.findall(page.read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_page_is_linked_from_the_readme() -> None:
    """Each page of docs/ is linked from the README or from an index that the README links."""
    indexes = [ROOT / "README.md", ROOT / "docs" / "decisions" / "README.md"]
    linked = {
        (index.parent / link.partition("#")[0]).resolve()
        for index in indexes
        for link in LINK.findall(index.read_text())
    }
    assert [page for page in (ROOT / "docs").rglob("*.md") if page not in linked] == []


def test_documents_page_lists_every_extension() -> None:
    """The table of formats has what may be uploaded, all of it and nothing else."""
    page = (ROOT / "docs" / "documents-and-privacy.md").read_text()
    table = page.partition("| format | extensions |")[2].partition("\n\n")[0]
    listed = re.findall(r"`(\.\w+)`", table)
    assert sorted(listed) == sorted(MEDIA_TYPES)


def test_api_page_lists_every_endpoint() -> None:
    """docs/api.md has a row for each endpoint, and none for one that is gone."""
    endpoints = {
        f"{method.upper()} {path}"
        for path, operations in app.openapi()["paths"].items()
        for method in operations
        if method in HTTP_METHODS
    }
    rows = re.findall(r"^\| `([A-Z]+ /[^`]*)` \|", (ROOT / "docs" / "api.md").read_text(), re.M)
    assert sorted(rows) == sorted(endpoints)


def test_architecture_page_lists_every_owned_key() -> None:
    """docs/architecture.md has a row for each key of Valkey that has an owner instead of a TTL."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    table = text[text.index("### With an owner") : text.index("## Decisions")]
    assert re.findall(r"^\| `([^`]+)` \|", table, re.M) == list(OWNERS)


def test_security_page_names_tests_that_exist() -> None:
    """Each file that SECURITY.md names as a test is there, and each defence names one."""
    text = (ROOT / "SECURITY.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)`", text)
    assert [path for path in named if not (ROOT / path).is_file()] == []
    table = text[text.index("| --- |") : text.index("## What is not defended")]
    rows = [line for line in table.splitlines()[1:] if line.startswith("|")]
    assert rows
    assert [row for row in rows if "`tests/" not in row] == []
