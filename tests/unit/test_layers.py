"""Who may import whom, as pyproject.toml says."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_imports_keep_to_the_layers() -> None:
    """No module imports what the contracts in pyproject.toml forbid."""
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_architecture_lists_the_packages_in_the_order_of_the_contracts() -> None:
    """A reader can take from the table in docs/architecture.md what may import what."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = {
        contract["containers"][0]: [re.split(r" [|:] ", layer) for layer in contract["layers"]]
        for contract in contracts["contracts"]
        if contract["type"] == "layers"
    }
    text = (ROOT / "docs" / "architecture.md").read_text()
    for root in ("jobs", "ui"):
        rank = {name: -row for row, names in enumerate(layers[root]) for name in names}
        rows = [line.split("|")[1] for line in text.splitlines() if line.startswith(f"| `{root}/")]
        listed = [name for row in rows for name in re.findall(rf"`{root}/(\w+)", row)]
        assert sorted(listed) == sorted(rank)
        assert listed == sorted(listed, key=rank.__getitem__)


def test_settings_alone_read_the_environment() -> None:
    """Variables of the environment are read in jobs/settings/ alone.

    The launcher hands them on, and the process that reads a file looks where its own folder is.
    """
    readers = {
        str(path.relative_to(ROOT))
        for folder in ("jobs", "ui")
        for path in (ROOT / folder).rglob("*.py")
        if reads_environment(path)
    }
    assert readers <= {"jobs/local/launcher.py", "jobs/extraction/read_text.py"}


def reads_environment(path: Path) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv"}
        and ast.unparse(node.value) != "request"  # WSGI's, of one request
        for node in ast.walk(ast.parse(path.read_text()))
    )
