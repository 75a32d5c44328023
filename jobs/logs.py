"""How every process logs: one format for structlog and the standard library, without secrets."""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Any

import structlog
from pydantic import SecretStr
from structlog.typing import Processor, WrappedLogger

from jobs.settings import Settings

HIDDEN = "***"
# The password of a URL such as redis://:password@host:6379
URL_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]*@")
# A shorter secret may be part of ordinary words: hiding it would only make logs unreadable.
MIN_SECRET_CHARS = 6
# These log each job or request at INFO; Askqueue logs what matters itself. `rq.worker` is listed
# because RQ sets its level on import, unless it has one.
NOISY_LOGGERS = ("rq", "rq.worker", "httpx2", "httpcore2", "openai", "urllib3", "watchdog")


class HideSecrets:
    """A structlog processor that hides known secrets and URL credentials in a rendered line."""

    def __init__(self, secrets: set[str]) -> None:
        # Also as they look within a JSON string. Longest first: one may contain another.
        forms = secrets | {json.dumps(secret)[1:-1] for secret in secrets}
        self._secrets = sorted(forms, key=len, reverse=True)

    def __call__(self, _logger: WrappedLogger, _method: str, line: Any) -> str:
        for secret in self._secrets:
            line = line.replace(secret, HIDDEN)
        # `line` is Any because structlog's type of a processor does not include a rendered line.
        return URL_CREDENTIALS.sub(f"{HIDDEN}@", line)


def configure_logging(settings: Settings) -> None:
    """Send all logs to standard error, by `LOG_LEVEL` and `LOG_FORMAT`."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # tests configure more than once
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()], processors=_finish(settings)
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for name in NOISY_LOGGERS:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)


def _finish(settings: Settings) -> list[Processor]:
    """Return the processors that render an event as a line."""
    render: list[Processor] = (
        # not dict_tracebacks, which logs local variables, among them what people asked
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if settings.log_format == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    return [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render, _hider(settings)]


def _hider(settings: Settings) -> Processor:
    secrets = {
        value.get_secret_value()
        for _, value in settings
        if isinstance(value, SecretStr) and len(value.get_secret_value()) >= MIN_SECRET_CHARS
    }
    return HideSecrets(secrets)
