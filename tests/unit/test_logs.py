"""Logging: one format for all libraries, and no secret in it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from jobs.logs import NOISY_LOGGERS, configure_logging
from jobs.settings import Settings

KEY = 'sk-"quoted"-key'


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """What a test configures is undone, for the sake of the others."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in NOISY_LOGGERS}
    yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)
    structlog.reset_defaults()


def configure(**values: str) -> None:
    configure_logging(Settings(_env_file=None, **values))  # type: ignore[arg-type]  # as read


def test_json_format_makes_each_line_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    """structlog and the standard library write the same kind of JSON line."""
    configure(log_format="json")
    structlog.get_logger("a").info("asked", job_id="1")
    logging.getLogger("b").warning("slow: %d", 3, extra={"job_id": "2"})
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["logger"], line["job_id"]) for line in lines] == [
        ("asked", "a", "1"),
        ("slow: 3", "b", "2"),
    ]


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_secrets_are_hidden(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    """Keys, and passwords in URLs, are blotted out, in messages, values and tracebacks alike."""
    configure(log_format=log_format, openai_api_key=KEY, redis_url="redis://:hunter22@valkey:6379")
    try:
        raise ValueError(f"rejected {KEY}")
    except ValueError:
        structlog.get_logger("a").exception("failed", url="redis://:hunter22@valkey:6379/0")
        logging.getLogger("b").exception("key %s", KEY)
    written = capsys.readouterr().err
    assert written.count("rejected ***") == 2
    assert "valkey:6379" in written
    for secret in ("hunter22", KEY, json.dumps(KEY)[1:-1]):
        assert secret not in written


def test_tracebacks_show_no_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    """What people asked is not logged by way of a traceback."""
    configure(log_format="json")
    question = "who earns " + "most"
    try:
        raise ValueError(len(question))
    except ValueError:
        structlog.get_logger("a").exception("failed")
    written = capsys.readouterr().err
    assert "ValueError: 14" in written
    assert question not in written


def test_chatter_of_libraries_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """RQ's line for each job is not logged; its warnings are."""
    configure()
    logging.getLogger("rq.worker").info("listening")
    logging.getLogger("rq.worker").warning("trouble")
    written = capsys.readouterr().err
    assert "listening" not in written
    assert "trouble" in written


def test_level_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """LOG_LEVEL says from what severity on lines are written."""
    configure(log_level="WARNING")
    structlog.get_logger("a").info("quiet")
    structlog.get_logger("a").warning("loud")
    written = capsys.readouterr().err
    assert "quiet" not in written
    assert "loud" in written
