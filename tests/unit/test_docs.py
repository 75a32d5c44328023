"""What people read agrees with the settings that the code reads."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from jobs.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {name.upper(): field for name, field in Settings.model_fields.items()}


def shown(default: object) -> str:
    """A default as it is written in the README and in .env.example."""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


def readme_rows() -> dict[str, str]:
    """Setting to default, from the tables of the README."""
    rows = re.findall(
        r"^\| `([A-Z_]+)` \| *(.*?) *\| .+ \|$", (ROOT / "README.md").read_text(), re.M
    )
    return {name: default.strip("`") for name, default in rows}


def example_lines() -> dict[str, str]:
    """Setting to value, from the commented assignments of .env.example."""
    return dict(re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.M))


@pytest.mark.parametrize("read", [readme_rows, example_lines])
def test_every_setting_is_documented_with_its_default(read: Callable[[], dict[str, str]]) -> None:
    """The README's table and .env.example name each setting, with the default of the code."""
    documented = read()
    wrong = {
        name: f"{documented.get(name, 'nothing')!r} instead of {shown(field.default)!r}"
        for name, field in SETTINGS.items()
        if documented.get(name) != shown(field.default)
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


def test_readme_lists_no_setting_that_is_gone() -> None:
    """The README's table has no row for a setting that the code no longer reads."""
    assert set(readme_rows()) - set(SETTINGS) == set()


def test_security_page_names_tests_that_exist() -> None:
    """Each file that SECURITY.md names as a test is there, and each defence names one."""
    text = (ROOT / "SECURITY.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)`", text)
    assert [path for path in named if not (ROOT / path).is_file()] == []
    table = text[text.index("| --- |") : text.index("## What is not defended")]
    rows = [line for line in table.splitlines()[1:] if line.startswith("|")]
    assert rows
    assert [row for row in rows if "`tests/" not in row] == []
