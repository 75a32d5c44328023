"""`python -m jobs.cli failed`: list failed jobs and queue them again from a shell."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from jobs.errors import AskqueueError
from jobs.models import DeadLetter, DeadLetterPage
from jobs.operations.failed_jobs import DeadLetters
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.settings import Settings

NOTHING = "Nothing has failed."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0 if all was done, 1 if not, 2 for wrong usage."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command == "requeue" and _choices(options) != 1:
        parser.error("requeue takes ids, or --kind, or --all")
    settings = Settings()
    connection = connect(settings.broker_url)
    failed_jobs = DeadLetters(Broker(connection, settings))
    try:
        if options.command == "list":
            return _list(failed_jobs, options.kind, options.limit, as_json=options.json)
        if options.ids:
            return _requeue_some(failed_jobs, list(dict.fromkeys(options.ids)), sure=options.yes)
        return _requeue_all(failed_jobs, options.kind, sure=options.yes)
    except AskqueueError as error:
        _say(f"{error.message}\n{error.command}".strip())
        return 1
    except KeyboardInterrupt:
        _say("\nWhat was queued again until now stays so; list shows the rest.")
        return 1
    finally:
        connection.close()


def _list(failed_jobs: DeadLetters, kind: str, limit: int, *, as_json: bool) -> int:
    page = failed_jobs.list_failed(kind, limit=limit)
    if as_json:
        entries = [_as_json(entry) for entry in page.entries]
        _say(json.dumps({"total": page.total, "kinds": dict(page.kinds), "jobs": entries}))
        return 0
    if not page.entries:
        _say(_none_of(kind, page.kinds))
        return 0
    width = max(len(entry.failure.kind) for entry in page.entries)
    for entry in page.entries:
        _say(
            f"{entry.job_id}  {_time(entry):%Y-%m-%d %H:%M:%SZ}  {entry.failure.kind:{width}}  "
            f"{entry.attempts} tried  {entry.queue:9}  {entry.description}"
        )
    # Backwards, so that the message is that of the newest job of each kind.
    for kind, message in {
        entry.failure.kind: entry.failure.message for entry in reversed(page.entries)
    }.items():
        _say(f"{kind}: {message}")
    _say(_summary(page))
    return 0


def _requeue_some(failed_jobs: DeadLetters, job_ids: Sequence[str], *, sure: bool) -> int:
    if not _is_sure(len(job_ids), sure=sure):
        return 1
    left = [job_id for job_id in job_ids if not failed_jobs.requeue(job_id)]
    for job_id in left:
        _say(f"{job_id}: no failed job (any more)")
    _say(_queued(len(job_ids) - len(left)))
    return 1 if left else 0


def _requeue_all(failed_jobs: DeadLetters, kind: str, *, sure: bool) -> int:
    kinds = failed_jobs.kinds()
    count = kinds.get(kind, 0) if kind else sum(kinds.values())
    if not count:
        _say(_none_of(kind, kinds))
        return 1 if kind and kinds else 0
    if not _is_sure(count, sure=sure):
        return 1
    _say(_queued(failed_jobs.requeue_all(kind)))
    return 0


def _is_sure(count: int, *, sure: bool) -> bool:
    """Ask for confirmation if there are several jobs and a person can answer."""
    if sure or count == 1 or not sys.stdin.isatty():
        return True
    sys.stdout.write(f"Queue {count:,} jobs again? [y/N] ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    _say("Nothing was changed.")
    return False


def _summary(page: DeadLetterPage) -> str:
    counts = ", ".join(f"{count:,} {kind}" for kind, count in page.kinds.items())
    shown = len(page.entries)
    more = f"; the newest {shown:,} of {page.total:,} are shown" if shown < page.total else ""
    return f"{sum(page.kinds.values()):,} failed: {counts}{more}"


def _none_of(kind: str, kinds: Mapping[str, int]) -> str:
    if not kinds:
        return NOTHING
    return f"Nothing failed with {kind}. There is: {', '.join(kinds)}."


def _queued(count: int) -> str:
    return f"{count:,} {'job is' if count == 1 else 'jobs are'} queued again."


def _time(entry: DeadLetter) -> datetime:
    return datetime.fromtimestamp(entry.failed_at, UTC)


def _as_json(entry: DeadLetter) -> dict[str, object]:
    fields = asdict(entry)
    failure = fields.pop("failure")
    return {**fields, **failure, "failed_at": _time(entry).isoformat()}


def _choices(options: argparse.Namespace) -> int:
    return sum(map(bool, (options.ids, options.kind, options.all)))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m jobs.cli failed")
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="show failed jobs, the newest first")
    listing.add_argument("--kind", default="", help="only those that failed in this way")
    listing.add_argument("--limit", type=_positive, default=50, help="as many at most (50)")
    listing.add_argument("--json", action="store_true", help="as one JSON object")
    requeue = commands.add_parser("requeue", help="queue failed jobs again")
    requeue.add_argument("ids", nargs="*", metavar="JOB_ID", help="as list shows it")
    requeue.add_argument("--kind", default="", help="all that failed in this way")
    requeue.add_argument("--all", action="store_true", help="all that failed")
    requeue.add_argument("--yes", action="store_true", help="do not ask before several")
    return parser
