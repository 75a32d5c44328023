"""What `make run` prints once everything is up, or if something is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.local.startup_report import TAIL_LINES, failure, host_of, success
from jobs.settings import Settings

MakeSettings = Callable[..., Settings]


@pytest.mark.parametrize(
    ("bind_address", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "[::1]"),
        ("fd00::1", "[fd00::1]"),
        ("askqueue.internal", "askqueue.internal"),
    ],
)
def test_addresses_can_be_opened(
    make_settings: MakeSettings, tmp_path: Path, bind_address: str, host: str
) -> None:
    """A wildcard address becomes this machine, and an IPv6 address gets brackets."""
    settings = make_settings(bind_address=bind_address, port=8501)
    assert host_of(settings) == host
    message = success(settings, tmp_path, "no network")
    assert f"http://{host}:8501\n" in message
    assert "Files are read by a process of their own: no network.\n" in message


def test_failure_shows_the_end_of_each_log(tmp_path: Path) -> None:
    """Whoever started it need not look for the reason; a log may be missing too."""
    (tmp_path / "worker.log").write_text("".join(f"line {number}\n" for number in range(100)))
    text = failure(["worker", "web"], tmp_path)
    assert "worker, web" in text
    assert f"  line {100 - TAIL_LINES}\n" in text
    assert f"line {99 - TAIL_LINES}\n" not in text
    assert "  line 99\n" in text
    assert "(there is none)" in text
