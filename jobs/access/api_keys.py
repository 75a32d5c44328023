"""API keys in Valkey: programs ask with them in the name of the user who made them.

A secret is shown once. Only its SHA-256 is kept, which is enough for 256 random bits: unlike a
password, they cannot be guessed, however fast the hash.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

import redis

from jobs.errors import InvalidKeyError, NotFoundError, WrongKeyError
from jobs.queue.codec import decode, encode
from jobs.queue.connection import broker_errors
from jobs.queue.keys import api_key_key, api_keys_key

PREFIX = "askq_"
SECRET_BYTES = 32
MAX_KEYS = 50  # of one user
MAX_NAME_CHARS = 80
# When a key was last used is written at most so often: not with each of many requests.
NOTE_USE_SECONDS = 60.0
# How long a key that expired is still shown to its owner.
EXPIRED_SHOWN_SECONDS = 30 * 24 * 3600

# A key that was revoked meanwhile must not come back. KEYS: key. ARGV: time.
NOTE_USE = """
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'used_at', ARGV[1]) end
"""


class Scope(StrEnum):
    """What a key may do for its owner, in the order in which people read it."""

    ASK = "ask"  # submit, retry, stop and delete
    READ = "read"  # list, follow, results
    DOCUMENTS = "documents"  # upload, list, delete
    OPERATE = "operate"  # what operators may, while the owner is one


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret. Times are Unix times; None for never.

    `known_as` are the names and groups by which its owner may be in `OPERATORS`.
    """

    id: str
    user: str
    name: str
    scopes: frozenset[Scope]
    created_at: float
    used_at: float | None = None
    expires_at: float | None = None
    known_as: tuple[str, ...] = ()

    def is_expired(self, now: float) -> bool:
        return self.expires_at is not None and self.expires_at <= now


class ApiKeys:
    """Makes, lists, revokes and recognises keys. All raise BrokerUnavailableError."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection
        self._note_use = connection.register_script(NOTE_USE)

    def create(
        self,
        user: str,
        name: str,
        scopes: Iterable[Scope],
        *,
        expires_at: float | None = None,
        known_as: tuple[str, ...] = (),
    ) -> tuple[ApiKey, str]:
        """Make a key of this user; return it with its secret, which nobody can read again.

        Raises InvalidKeyError for a bad name, no scope, a time in the past, or too many keys.
        """
        now = time.time()
        key = ApiKey(
            id=secrets.token_hex(8),
            user=user,
            name=_checked_name(name),
            scopes=frozenset(scopes),
            created_at=now,
            expires_at=expires_at,
            known_as=known_as,
        )
        if not key.scopes:
            raise InvalidKeyError("Choose at least one thing that the key may do.")
        if key.is_expired(now):
            raise InvalidKeyError("The key would be over before it begins. Choose a later day.")
        secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)

        def store(pipeline: redis.client.Pipeline) -> None:
            # Watched, so that two at once cannot pass the bound together.
            if pipeline.hlen(api_keys_key(user)) >= MAX_KEYS:
                raise InvalidKeyError(
                    f"You have {MAX_KEYS} keys. Revoke one that is no longer used."
                )
            pipeline.multi()
            digest = _digest(secret)
            pipeline.hset(api_key_key(digest), mapping=encode(key, without=("used_at",)))
            if expires_at is not None:
                pipeline.expireat(api_key_key(digest), int(expires_at) + EXPIRED_SHOWN_SECONDS)
            pipeline.hset(api_keys_key(user), key.id, digest)

        with broker_errors():
            self._connection.transaction(store, api_keys_key(user))
        return key, secret

    def list_keys(self, user: str) -> list[ApiKey]:
        """Return the user's keys, newest first, with those that expired lately."""
        with broker_errors():
            digests = cast("dict[bytes, bytes]", self._connection.hgetall(api_keys_key(user)))
            with self._connection.pipeline(transaction=False) as pipeline:
                for digest in digests.values():
                    pipeline.hgetall(api_key_key(digest.decode()))
                found = [decode(ApiKey, fields) for fields in pipeline.execute()]
            gone = [key_id for key_id, key in zip(digests, found, strict=True) if key is None]
            if gone:
                self._connection.hdel(api_keys_key(user), *gone)
        kept = [key for key in found if key is not None]
        return sorted(kept, key=lambda key: key.created_at, reverse=True)

    def revoke(self, user: str, key_id: str) -> None:
        """End a key of this user at once; raises NotFoundError if they have no such key."""
        with broker_errors():
            digest = cast("bytes | None", self._connection.hget(api_keys_key(user), key_id))
            if digest is None:
                raise NotFoundError("There is no such API key. It may have been revoked already.")
            with self._connection.pipeline() as pipeline:
                pipeline.delete(api_key_key(digest.decode()))
                pipeline.hdel(api_keys_key(user), key_id)
                pipeline.execute()

    def is_alive(self, key: ApiKey) -> bool:
        """Return whether a key that was recognised before still counts; one round trip."""
        with broker_errors():
            there = self._connection.hexists(api_keys_key(key.user), key.id)
        return bool(there) and not key.is_expired(time.time())

    def recognise(self, secret: str) -> ApiKey:
        """Return the key with this secret, and note its use. One round trip, at times two.

        Raises WrongKeyError if it never was one, or is no longer.
        """
        now, name = time.time(), api_key_key(_digest(secret))
        with broker_errors():
            fields = cast("dict[bytes, bytes]", self._connection.hgetall(name))
            key = decode(ApiKey, fields)
            if key is None or key.is_expired(now):
                raise WrongKeyError()
            if key.used_at is None or now - key.used_at >= NOTE_USE_SECONDS:
                self._note_use(keys=[name], args=[now])
        return key


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _checked_name(name: str) -> str:
    name = re.sub(r"\s+", " ", name).strip()
    if not name or not name.isprintable() or len(name) > MAX_NAME_CHARS:
        raise InvalidKeyError(
            f"Name the key, in at most {MAX_NAME_CHARS} characters: what is it for, or where?"
        )
    return name
