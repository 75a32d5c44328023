"""`python -m jobs.cli keys`: make, list and revoke API keys from a shell, for any user."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from jobs.access.api_keys import ApiKey, ApiKeys, Scope
from jobs.errors import AskqueueError
from jobs.queue.connection import connect
from jobs.settings import Settings

DAY_SECONDS = 24 * 3600
MAX_DAYS = 3650
USUAL = (Scope.ASK, Scope.READ)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0 if it was done, 1 if not, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    connection = connect(Settings().broker_url)
    keys = ApiKeys(connection)
    try:
        if options.command == "create":
            return _create(keys, options)
        if options.command == "list":
            return _list(keys, options.user)
        keys.revoke(options.user, options.id)
        _say(f"{options.id} is revoked.")
    except AskqueueError as error:
        _note(f"{error.message}\n{error.command}".strip())
        return 1
    finally:
        connection.close()
    return 0


def _create(keys: ApiKeys, options: argparse.Namespace) -> int:
    """Make a key; standard output gets its secret alone, so that it can be piped."""
    expires_at = time.time() + options.days * DAY_SECONDS if options.days else None
    key, secret = keys.create(
        options.user,
        options.name,
        options.scopes,
        expires_at=expires_at,
        known_as=(options.user,),
    )
    _note(f"{_line(key)}\nIts key, which is not shown again:")
    _say(secret)
    return 0


def _list(keys: ApiKeys, user: str) -> int:
    mine = keys.list_keys(user)
    for key in mine:
        _say(_line(key))
    if not mine:
        _say(f"{user} has no API keys.")
    return 0


def _line(key: ApiKey) -> str:
    scopes = ",".join(scope for scope in Scope if scope in key.scopes)
    expiry = "expired" if key.is_expired(time.time()) else f"until {_day(key.expires_at)}"
    return f"{key.id}  {scopes:24}  used {_day(key.used_at)}  {expiry}  {key.name}"


def _day(moment: float | None) -> str:
    return "never" if moment is None else f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _note(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m jobs.cli keys", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="make a key, and print it once")
    create.add_argument("name", help="what it is for")
    create.add_argument(
        "--scopes",
        nargs="+",
        type=Scope,
        choices=list(Scope),
        default=USUAL,
        metavar="SCOPE",
        help="what it may do: " + ", ".join(Scope) + "; ask and read if not given",
    )
    create.add_argument("--days", type=_days, default=0, help="valid so long; for ever if 0")
    listing = commands.add_parser("list", help="show a user's keys, without their secrets")
    revoke = commands.add_parser("revoke", help="end a key at once")
    revoke.add_argument("id", help="as list shows it")
    for command in (create, listing, revoke):
        command.add_argument(
            "--user", default="api", help="whose; programs without a key are the user api"
        )
    return parser


def _days(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_DAYS:
        raise argparse.ArgumentTypeError(f"give a number of days from 0 to {MAX_DAYS}")
    return int(text)
