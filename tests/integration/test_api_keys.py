"""API keys over a real Valkey: made, listed, recognised, revoked, expired; and their shell."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import redis

from jobs.access import api_keys
from jobs.access.api_keys import EXPIRED_SHOWN_SECONDS, MAX_KEYS, PREFIX, ApiKeys, Scope
from jobs.cli import keys
from jobs.errors import InvalidKeyError, NotFoundError, WrongKeyError
from jobs.settings import Settings


@pytest.fixture
def store(connection: redis.Redis) -> ApiKeys:
    return ApiKeys(connection)


def dump(connection: redis.Redis) -> str:
    """Everything that stands in Valkey under our keys' names, the names included."""
    names = sorted(connection.scan_iter("askqueue:*"))
    return repr([(name, connection.hgetall(name)) for name in names])


def test_key_is_recognised_and_its_secret_is_kept_nowhere(
    store: ApiKeys, connection: redis.Redis
) -> None:
    """The secret names the key; Valkey holds a hash of it alone."""
    key, secret = store.create("ann", "  Monthly\n report ", [Scope.READ, Scope.ASK])
    assert secret.startswith(PREFIX)
    assert len(secret) > len(PREFIX) + 40
    found = store.recognise(secret)
    assert (found.id, found.user, found.name) == (key.id, "ann", "Monthly report")
    assert found.scopes == {Scope.ASK, Scope.READ}
    assert secret.removeprefix(PREFIX) not in dump(connection)


@pytest.mark.parametrize("secret", ["", PREFIX, PREFIX + "x" * 43, PREFIX + "é"])
def test_wrong_secrets_are_refused(store: ApiKeys, secret: str) -> None:
    """Nothing but a whole secret names a key."""
    store.create("ann", "a key", [Scope.ASK])
    with pytest.raises(WrongKeyError):
        store.recognise(secret)


def test_revoked_key_is_refused_at_once_and_stays_gone(
    store: ApiKeys, connection: redis.Redis
) -> None:
    """Even a use that is noted late does not bring it back; nothing is left in Valkey."""
    key, secret = store.create("ann", "a key", [Scope.ASK])
    (name,) = connection.scan_iter("askqueue:key:*")
    store.revoke("ann", key.id)
    store._note_use(keys=[name], args=[time.time()])
    with pytest.raises(WrongKeyError):
        store.recognise(secret)
    assert list(connection.scan_iter("askqueue:*key*")) == []


def test_keys_of_others_are_not_found(store: ApiKeys) -> None:
    """Nobody sees or revokes what is not theirs, and cannot tell it from what is not there."""
    key, secret = store.create("ann", "a key", [Scope.ASK])
    with pytest.raises(NotFoundError) as theirs:
        store.revoke("bob", key.id)
    with pytest.raises(NotFoundError) as nothing:
        store.revoke("bob", "nothing")
    assert str(theirs.value) == str(nothing.value)
    assert store.list_keys("bob") == []
    assert store.recognise(secret).user == "ann"


def test_list_is_newest_first_and_says_when_each_was_used(
    store: ApiKeys, connection: redis.Redis
) -> None:
    """A use is noted, at most once a minute."""
    first, secret = store.create("ann", "first", [Scope.ASK])
    second, _ = store.create("ann", "second", [Scope.READ])
    assert [key.id for key in store.list_keys("ann")] == [second.id, first.id]
    assert store.list_keys("ann")[1].used_at is None
    store.recognise(secret)
    used_at = store.list_keys("ann")[1].used_at
    assert used_at is not None
    assert abs(used_at - time.time()) < 60
    store.recognise(secret)
    assert store.list_keys("ann")[1].used_at == used_at
    (name,) = (each for each in connection.scan_iter("askqueue:key:*") if _is(connection, each))
    connection.hset(name, "used_at", used_at - api_keys.NOTE_USE_SECONDS)
    store.recognise(secret)
    assert (store.list_keys("ann")[1].used_at or 0) >= used_at


def _is(connection: redis.Redis, name: bytes) -> bool:
    return connection.hget(name, "name") == b"first"


def test_expired_key_is_refused_and_shown_for_a_while(
    store: ApiKeys, connection: redis.Redis
) -> None:
    """Its owner sees why a program was refused; then Valkey lets go of it, and so does the list."""
    expires_at = time.time() + 3600
    _, secret = store.create("ann", "an hour", [Scope.ASK], expires_at=expires_at)
    (name,) = connection.scan_iter("askqueue:key:*")
    assert abs(connection.expiretime(name) - expires_at - EXPIRED_SHOWN_SECONDS) <= 1
    store.recognise(secret)
    connection.hset(name, "expires_at", time.time() - 1)
    with pytest.raises(WrongKeyError):
        store.recognise(secret)
    assert [key.is_expired(time.time()) for key in store.list_keys("ann")] == [True]
    connection.delete(name)  # as it does by itself
    assert store.list_keys("ann") == []
    assert list(connection.scan_iter("askqueue:user:ann:keys")) == []


@pytest.mark.parametrize(
    ("name", "scopes", "seconds"),
    [
        ("", [Scope.ASK], None),
        ("  \n", [Scope.ASK], None),
        ("x" * 81, [Scope.ASK], None),
        ("bad\x00name", [Scope.ASK], None),
        ("a key", [], None),
        ("a key", [Scope.ASK], -1),
    ],
)
def test_what_makes_no_key_is_refused(
    store: ApiKeys, name: str, scopes: list[Scope], seconds: float | None
) -> None:
    """A sentence says what to change, and nothing is kept."""
    expires_at = None if seconds is None else time.time() + seconds
    with pytest.raises(InvalidKeyError):
        store.create("ann", name, scopes, expires_at=expires_at)
    assert store.list_keys("ann") == []


def test_a_user_has_a_bounded_number_of_keys(store: ApiKeys) -> None:
    """One too many is refused; after a revocation there is room again; others have their own."""
    made = [store.create("ann", f"key {number}", [Scope.ASK])[0] for number in range(MAX_KEYS)]
    with pytest.raises(InvalidKeyError):
        store.create("ann", "one more", [Scope.ASK])
    store.create("bob", "his own", [Scope.ASK])
    store.revoke("ann", made[0].id)
    store.create("ann", "one more", [Scope.ASK])
    assert len(store.list_keys("ann")) == MAX_KEYS


@pytest.fixture
def run(
    connection: redis.Redis,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str, str]]:
    """Run `python -m jobs.cli keys` on this Valkey; its code, its output, and what it complains."""
    monkeypatch.setattr(keys, "Settings", lambda: settings)

    def run_(*arguments: str) -> tuple[int, str, str]:
        code = keys.main(arguments)
        said = capsys.readouterr()
        return code, said.out.strip(), said.err.strip()

    return run_


def test_shell_makes_lists_and_revokes(
    run: Callable[..., tuple[int, str, str]], store: ApiKeys
) -> None:
    """The secret alone is on the standard output, so that it can be piped; list never has it."""
    code, secret, said = run("create", "--user", "ann", "cron job", "--scopes", "ask", "documents")
    assert code == 0
    key = store.recognise(secret)
    assert (key.user, key.name, key.scopes) == ("ann", "cron job", {Scope.ASK, Scope.DOCUMENTS})
    assert "cron job" in said
    code, listed, _ = run("list", "--user", "ann")
    assert code == 0
    assert key.id in listed
    assert "ask,documents" in listed
    assert secret not in listed
    assert run("revoke", "--user", "bob", key.id)[0] == 1
    assert run("revoke", "--user", "ann", key.id)[0] == 0
    assert run("list", "--user", "ann")[1] == "ann has no API keys."
    assert run("revoke", "--user", "ann", key.id)[::2] == (
        1,
        "There is no such API key. It may have been revoked already.",
    )


@pytest.mark.parametrize(
    "arguments",
    [[], ["create"], ["create", "x", "--scopes", "all"], ["create", "x", "--days", "-1"]],
)
def test_shell_refuses_what_makes_no_sense(
    run: Callable[..., tuple[int, str, str]], arguments: list[str]
) -> None:
    """Bad arguments end with the usage."""
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code == 2
