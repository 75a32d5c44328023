"""`python -m jobs.operations.dashboard`: rq-dashboard for operators, hardened.

rq-dashboard on its own reads pickles, shows results, arguments and stack traces, shows job texts as
HTML, changes state on a GET, and opens a connection for each request. Of what it reads of jobs and
workers, the fields in `FIELDS` leave this process; this module adds no pages.

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
import math
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import redis
import structlog
import waitress
from flask import Flask, Response, abort, request
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.serializers import JSONSerializer

from jobs.access.operators import was_forwarded
from jobs.access.sign_in_brake import SignInBrake
from jobs.access.throttle import client_address
from jobs.errors import TooManySignInsError
from jobs.logs import configure_logging
from jobs.queue.broker import DESCRIPTIONS
from jobs.queue.connection import connect
from jobs.queue.failure_texts import redact
from jobs.queue.rq_internals import replace_pickle
from jobs.settings import LOOPBACK_HOSTS, Settings

log = structlog.get_logger(__name__)

THREADS = 8
RETRY_SECONDS = 5
# Answered by rq-dashboard itself. Others are not: an upgrade may bring some that show more.
PAGES = frozenset(
    {
        "static",
        "rq_dashboard.static",
        "rq_dashboard.favicon",
        "rq_dashboard.queues_overview",
        "rq_dashboard.workers_overview",
        "rq_dashboard.jobs_overview",
        "rq_dashboard.job_view",
    }
)
CHANGES = frozenset(
    {
        "rq_dashboard.requeue_job_view",
        "rq_dashboard.requeue_all",
        "rq_dashboard.delete_job_view",
        "rq_dashboard.empty_queue",
    }
)
# What leaves of each JSON answer: True for a value of numbers, states, times, ids or addresses of
# pages, a function for what is shown in place of a value, and a dictionary for the fields of an
# object, or of each object in a list.
Fields: TypeAlias = "Mapping[str, Fields | Literal[True] | Callable[[Any], str | None]]"


def _description(value: Any) -> str:
    return value if value in DESCRIPTIONS.values() else "Another job"


def _failure(value: Any) -> str | None:
    return redact(value) if isinstance(value, str) else None


JOB: Fields = {
    "id": True,
    "created_at": True,
    "started_at": True,
    "ended_at": True,
    "description": _description,
    "exc_info": _failure,
}
REGISTRIES = ("failed", "started", "deferred", "finished", "canceled", "scheduled")
CHANGED: Fields = {"status": True, "count": True}
QUEUE: Fields = {
    "name": True,
    "count": True,
    "queued_url": True,
    **dict.fromkeys((f"{name}_job_registry_count" for name in REGISTRIES), True),
    **dict.fromkeys((f"{name}_url" for name in REGISTRIES), True),
}
FIELDS: Mapping[str, Fields] = {
    "rq_dashboard.list_queues": {
        "queues": QUEUE,
    },
    "rq_dashboard.list_jobs": {
        "name": True,
        "registry_name": True,
        "pagination": True,
        "jobs": JOB,
    },
    "rq_dashboard.job_info": {**JOB, "enqueued_at": True, "origin": True, "status": True},
    "rq_dashboard.list_workers": {
        "workers": {
            "name": True,
            "pid": True,
            "queues": True,
            "state": True,
            "last_heartbeat": True,
            "birth_date": True,
            "successful_job_count": True,
            "failed_job_count": True,
            "total_working_time": True,
            "version": True,
            "python_version": True,
            "current_job": {
                "job_id": True,
                "created_at": True,
                "description": _description,
                "call_string": lambda _value: "",
            },
        }
    },
    **dict.fromkeys(CHANGES, CHANGED),
}
PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,3}")
INLINE_SCRIPT = re.compile(r'<script type="text/javascript">(.*?)</script>', re.DOTALL)
PAGE = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>rq-dashboard</title>{head}'
    "</head><body><h1>{title}</h1><p>{text}</p></body></html>"
)


def create_app(settings: Settings) -> Flask:
    """Create the WSGI application for the Valkey of these settings."""
    connection = connect(settings.broker_url)
    brake = SignInBrake()
    app = _load_rq_dashboard(settings, connection)
    if not settings.dashboard_password.get_secret_value():
        # Against DNS rebinding: a foreign page may let its host name resolve to 127.0.0.1, and
        # without a password only the host name in the request gives it away.
        app.config["TRUSTED_HOSTS"] = list(LOOPBACK_HOSTS)

    @app.before_request
    def guard() -> Response | None:
        if not _is_allowed(settings, brake):
            return Response("Log in.", 401, {"WWW-Authenticate": 'Basic realm="Askqueue"'})
        if request.endpoint is not None and request.endpoint not in PAGES | FIELDS.keys():
            abort(404)
        _refuse_odd_pages()
        _refuse_forged_changes()
        if not (request.endpoint or "").endswith("static"):
            connection.ping()
        return None

    app.after_request(_guard_response)
    app.register_error_handler(redis.exceptions.RedisError, _valkey_is_away)
    app.register_error_handler(TooManySignInsError, _too_many_sign_ins)
    app.register_error_handler(NoSuchJobError, _no_such_job)
    app.register_error_handler(InvalidJobOperation, _not_failed)
    return app


def _load_rq_dashboard(settings: Settings, connection: redis.Redis) -> Flask:
    """Load rq-dashboard's own application, on JSON and on one pool of connections."""
    replace_pickle()  # some of its views name no serializer
    from rq_dashboard import web
    from rq_dashboard.cli import make_flask_app

    web.config.serializer = JSONSerializer
    web.from_url = lambda *_args, **_options: (None, connection)
    app: Flask = make_flask_app(None, None, None, "")
    # Its pages show this; the real one may hold a password, and names folders.
    app.config["RQ_DASHBOARD_REDIS_URL"] = "Valkey"
    app.config["RQ_DASHBOARD_DISABLE_DELETE"] = True
    web.setup_rq_connection(app)
    return app


def _is_allowed(settings: Settings, brake: SignInBrake) -> bool:
    """Return whether the request has the user and password, or none are set.

    Aborts what came by way of a proxy if there is no password: it lets others in. Raises
    TooManySignInsError.
    """
    if not settings.dashboard_password.get_secret_value():
        version = request.environ["SERVER_PROTOCOL"].removeprefix("HTTP/")
        if was_forwarded(request.headers.keys(), version):
            abort(403, "Behind a proxy, set DASHBOARD_USERNAME and DASHBOARD_PASSWORD.")
        if not settings.dashboard_username:
            return True
    given = request.authorization
    if given is None or given.type != "basic":
        return False
    forwarded_for = request.headers.getlist("X-Forwarded-For")
    address = client_address(request.remote_addr or "", forwarded_for, settings)
    return brake.are_right(settings, address, given.username or "", given.password or "")


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
    if origin is not None and origin not in (f"http://{request.host}", f"https://{request.host}"):
        abort(403)


def _refuse_odd_pages() -> None:
    """Abort a request for a page of a list that there cannot be; rq-dashboard would break on it."""
    for name in ("per_page", "page"):
        if not PAGE_NUMBER.fullmatch(str((request.view_args or {}).get(name, 1))):
            abort(404)


def _guard_response(response: Response) -> Response:
    """Let out the fields in `FIELDS`, and allow the scripts of rq-dashboard's own pages alone."""
    hashes = ""
    if response.mimetype == "text/html" and not response.direct_passthrough:
        scripts = INLINE_SCRIPT.findall(response.get_data(as_text=True))
        hashes = "".join(f" 'sha256-{_digest(script)}'" for script in scripts)
    if response.is_json:
        shown = _only(FIELDS.get(request.endpoint or "", {}), response.get_json())
        if request.endpoint == "rq_dashboard.job_info":
            # Its page inserts these values into the document unescaped.
            shown = _escaped(shown)
        response.set_data(json.dumps(shown))
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; "
        # 'unsafe-eval' because its templates are compiled in the browser
        f"script-src 'self' 'unsafe-eval'{hashes}; "
        "style-src 'self'; style-src-attr 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _only(fields: Fields, value: Any) -> Any:
    """Return an object with these fields only, or a list of such objects.

    In place of an object there may be a word, such as "idle".
    """
    if isinstance(value, list):
        return [_only(fields, item) for item in value]
    if not isinstance(value, dict):
        return value if value == "idle" else None
    shown: dict[str, Any] = {}
    for name, kind in fields.items():
        if name in value:
            if kind is True:
                shown[name] = value[name]
            elif callable(kind):
                shown[name] = kind(value[name])
            else:
                shown[name] = _only(kind, value[name])
    return shown


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


def _too_many_sign_ins(error: TooManySignInsError) -> Response:
    seconds = str(math.ceil(error.retry_after_seconds or 1))
    body = PAGE.format(head="", title="Wait a moment", text=html.escape(error.message))
    return Response(body, 429, {"Retry-After": seconds}, mimetype="text/html")


def _no_such_job(_error: Exception) -> Response:
    body = PAGE.format(head="", title="No such job", text="It may have expired or been deleted.")
    return Response(body, 404, mimetype="text/html")


def _not_failed(_error: Exception) -> Response:
    text = "Only a failed job can be queued again. Another operator may have done it."
    body = PAGE.format(head="", title="This job is not failed", text=text)
    return Response(body, 409, mimetype="text/html")


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
        # They are believed of TRUSTED_PROXIES alone, but tell that there is a proxy.
        clear_untrusted_proxy_headers=False,
        _quiet=True,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
