"""Processes that tests start with their imports done."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.preloaded import PreloadedProcess
from tests.waiting import HANG_SECONDS


def test_process_runs_its_command_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the page that Streamlit's own tests left as the main module of this process."""
    page, trace = tmp_path / "page.py", tmp_path / "trace"
    page.write_text(f"open({str(trace)!r}, 'w')\n")
    left = ModuleType("__main__")
    left.__file__ = str(page)
    monkeypatch.setitem(sys.modules, "__main__", left)
    log = tmp_path / "log"
    assert PreloadedProcess(["this"], os.environ, log).wait(HANG_SECONDS) == 0
    assert "Zen of Python" in log.read_text()
    assert not trace.exists()
    assert sys.modules["__main__"] is left
