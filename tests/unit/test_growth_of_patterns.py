"""Every regular expression takes time in proportion to the length of a text."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.growth import growing, is_linear

ROOT = Path(__file__).resolve().parents[2]
# Read what the project itself or its own libraries wrote, of bounded length.
TRUSTED = {
    "jobs.operations.dashboard",
    "ui.web.security_headers",
    "jobs.extraction.upload_check",  # each member's name is bounded by its zip file's header
}


def _modules() -> Iterator[tuple[str, Path]]:
    for package in ("jobs", "ui"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts).removesuffix(".__init__")
            if path.name not in ("__main__.py", "server.py", "home.py") and "pages" not in parts:
                yield name, path


def _patterns() -> dict[str, re.Pattern[str] | re.Pattern[bytes]]:
    """Compiled ones of each module, and those written in place, by module and name or line."""
    found: dict[str, re.Pattern[str] | re.Pattern[bytes]] = {}
    for name, path in _modules():
        source = path.read_text()
        if name in TRUSTED or "import re\n" not in source:
            continue
        for attribute, value in vars(importlib.import_module(name)).items():
            if isinstance(value, re.Pattern):
                found[f"{name}.{attribute}"] = value
        for node in ast.walk(ast.parse(source)):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="re"), attr=method),
                    args=[ast.Constant(value=pattern), *_],
                ) if method not in ("compile", "escape"):
                    found[f"{name}:{node.lineno}"] = re.compile(pattern)
    return found


PATTERNS = _patterns()


def test_quadratic_time_is_noticed() -> None:
    """The measure itself tells what it is there to tell."""
    assert not is_linear(re.compile(r"\s*x").findall, " ")
    assert not is_linear(re.compile(r"^.*\|.*\n(?=\s*-)", re.MULTILINE).findall, "| ")
    assert is_linear(re.compile(r"\w+").findall, "a ")


@pytest.mark.parametrize("name", PATTERNS)
def test_regular_expression_takes_linear_time(name: str) -> None:
    """Looking for it in hostile text, and matching all of that, cannot hold anybody up."""
    pattern = PATTERNS[name]

    def find(text: str) -> None:
        data = text.encode(errors="replace") if isinstance(pattern.pattern, bytes) else text
        for _ in pattern.finditer(data):  # type: ignore[arg-type]
            pass
        pattern.fullmatch(data)  # type: ignore[arg-type]

    assert growing(find) == []
