"""Folders that killed processes left behind."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest

from jobs.extraction import sandbox


def test_old_folders_of_readings_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only those, whatever is in them; what a link leads to stays."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("text")
    old, young, link = (
        tmp_path / f"{sandbox.FOLDER_PREFIX}{name}" for name in ("old", "young", "link")
    )
    old.mkdir()
    (old / "file").write_text("text")
    young.mkdir()
    link.symlink_to(kept)
    long_ago = time.time() - sandbox.FOLDER_SECONDS - 60
    for path in (old, link):
        os.utime(path, (long_ago, long_ago), follow_symlinks=False)
    assert sandbox.remove_left_folders() == 1
    assert not old.exists()
    assert young.exists()
    assert (kept / "file").exists()
