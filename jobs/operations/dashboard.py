"""`python -m jobs.operations.dashboard`: rq-dashboard for operators, hardened.

rq-dashboard on its own reads pickles, shows job texts as HTML, changes state on a GET, and opens
a connection for each request. What it shows and does is its own; this module adds no pages.

What: replaces `rq.serializers.PickleSerializer`, `rq_dashboard.web.from_url` and
    `rq_dashboard.web.config.serializer`.
Why: some of its views ask RQ for a job or worker without naming a serializer, and unpickling runs
    whatever code somebody wrote to Valkey; and it connects for each request.
Until: rq-dashboard takes a serializer and a connection (checked with 0.9.0 and RQ 3.0.0).
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import sys
from typing import Any
from urllib.parse import urlsplit

import redis
import structlog
import waitress
from flask import Flask, Response, abort, request
from rq.exceptions import NoSuchJobError
from rq.serializers import JSONSerializer

from jobs.access.operators import are_credentials
from jobs.logs import configure_logging
from jobs.queue.connection import connect
from jobs.queue.rq_internals import replace_pickle
from jobs.settings import LOOPBACK_HOSTS, Settings

log = structlog.get_logger(__name__)

THREADS = 8
RETRY_SECONDS = 5
INLINE_SCRIPT = re.compile(r'<script type="text/javascript">(.*?)</script>', re.DOTALL)
PAGE = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>rq-dashboard</title>{head}'
    "</head><body><h1>{title}</h1><p>{text}</p></body></html>"
)


def create_app(settings: Settings) -> Flask:
    """Create the WSGI application for the Valkey of these settings."""
    connection = connect(settings.broker_url)
    app = _load_rq_dashboard(settings, connection)
    if not settings.dashboard_password.get_secret_value():
        # Against DNS rebinding: a foreign page may let its host name resolve to 127.0.0.1, and
        # without a password only the host name in the request gives it away.
        app.config["TRUSTED_HOSTS"] = list(LOOPBACK_HOSTS)

    @app.before_request
    def guard() -> Response | None:
        if not _is_allowed(settings):
            return Response("Log in.", 401, {"WWW-Authenticate": 'Basic realm="Askqueue"'})
        _refuse_forged_changes()
        if not (request.endpoint or "").endswith("static"):
            connection.ping()
        return None

    app.after_request(_add_security_headers)
    app.register_error_handler(redis.exceptions.RedisError, _valkey_is_away)
    app.register_error_handler(NoSuchJobError, _no_such_job)
    return app


def _load_rq_dashboard(settings: Settings, connection: redis.Redis) -> Flask:
    """Load rq-dashboard's own application, on JSON and on one pool of connections."""
    replace_pickle()  # some of its views name no serializer
    from rq_dashboard import web
    from rq_dashboard.cli import make_flask_app

    web.config.serializer = JSONSerializer
    web.from_url = lambda *_args, **_options: (None, connection)
    app: Flask = make_flask_app(None, None, None, "")
    app.config["RQ_DASHBOARD_REDIS_URL"] = settings.broker_url
    app.config["RQ_DASHBOARD_DISABLE_DELETE"] = True
    web.setup_rq_connection(app)
    return app


def _is_allowed(settings: Settings) -> bool:
    """Return whether the request has the user and password, or none are set."""
    if not settings.dashboard_username and not settings.dashboard_password.get_secret_value():
        return True
    given = request.authorization
    if given is None or given.type != "basic":
        return False
    return are_credentials(settings, given.username or "", given.password or "")


def _refuse_forged_changes() -> None:
    """Abort a request that changes something, unless it is a POST from these pages.

    A client that is not a browser sends neither header, and nobody can make it send a request.
    """
    if request.method != "POST":
        if request.endpoint == "rq_dashboard.requeue_all":
            abort(405)
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site != "same-origin":
        abort(403)
    if origin is not None and urlsplit(origin).netloc != request.host:
        abort(403)


def _add_security_headers(response: Response) -> Response:
    """Allow the scripts of rq-dashboard's own pages, and no others."""
    hashes = ""
    if response.mimetype == "text/html" and not response.direct_passthrough:
        scripts = INLINE_SCRIPT.findall(response.get_data(as_text=True))
        hashes = "".join(f" 'sha256-{_digest(script)}'" for script in scripts)
    if request.endpoint == "rq_dashboard.job_info" and response.is_json:
        # Its page inserts these values into the document unescaped.
        response.set_data(json.dumps(_escaped(response.get_json())))
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; "
        # 'unsafe-eval' because its templates are compiled in the browser
        f"script-src 'self' 'unsafe-eval'{hashes}; "
        "style-src 'self'; style-src-attr 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _escaped(value: Any) -> Any:
    """Return a JSON value with all its strings escaped for HTML."""
    if isinstance(value, str):
        return html.escape(value, quote=False)
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    if isinstance(value, dict):
        return {_escaped(name): _escaped(item) for name, item in value.items()}
    return value


def _valkey_is_away(error: Exception) -> Response:
    log.warning("Valkey cannot be reached", error=str(error))
    body = PAGE.format(
        head=f'<meta http-equiv="refresh" content="{RETRY_SECONDS}">',
        title="Valkey cannot be reached",
        text="The jobs that it has accepted are safe. This page tries again by itself.",
    )
    headers = {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"}
    return Response(body, 503, headers, mimetype="text/html")


def _no_such_job(_error: Exception) -> Response:
    body = PAGE.format(head="", title="No such job", text="It may have expired or been deleted.")
    return Response(body, 404, mimetype="text/html")


def main() -> int:
    """Serve rq-dashboard; return 1 if it would be open to others without a password."""
    settings = Settings()
    configure_logging(settings)
    if settings.dashboard_is_open:
        log.error(
            "set DASHBOARD_USERNAME and DASHBOARD_PASSWORD: BIND_ADDRESS lets others reach this",
            bind_address=settings.bind_address,
        )
        return 1
    app = create_app(settings)
    log.info("dashboard started", address=settings.bind_address, port=settings.dashboard_port)
    waitress.serve(
        app,
        host=settings.bind_address,
        port=settings.dashboard_port,
        threads=THREADS,
        ident=None,
        _quiet=True,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
