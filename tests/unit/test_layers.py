"""Who may import whom, as pyproject.toml says."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_imports_keep_to_the_layers() -> None:
    """No module imports what the contracts in pyproject.toml forbid."""
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_settings_alone_read_the_environment() -> None:
    """Variables of the environment are read in jobs/settings/ alone; the launcher hands them on."""
    readers = {
        str(path.relative_to(ROOT))
        for folder in ("jobs", "ui")
        for path in (ROOT / folder).rglob("*.py")
        if reads_environment(path)
    }
    assert readers <= {"jobs/local/launcher.py"}


def reads_environment(path: Path) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
        for node in ast.walk(ast.parse(path.read_text()))
    )
