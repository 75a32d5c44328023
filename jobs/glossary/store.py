"""The glossary of an installation in Valkey: its own rules, and which starter sets are off.

One hash holds both. Its version stands in the state of the index, which is read for each question
anyway: so workers notice a change with the next question, and read the rules only then.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import redis
from redis.client import Pipeline

from jobs.errors import InvalidGlossaryError, NotFoundError
from jobs.glossary.rules import Rule
from jobs.glossary.sets import SETS, starter_sets
from jobs.queue.codec import Hash
from jobs.queue.connection import broker_errors
from jobs.queue.keys import GLOSSARY_KEY, INDEX_KEY

MAX_RULES = 1000
FULL = f"A glossary has at most {MAX_RULES:,} terms of your own. Delete some first."
# A field of the hash of the index, see `jobs.models.IndexState`.
VERSION_FIELD = "glossary"
# Fields of the hash are terms, in words and spaces, and these.
_OFF = "off:"


@dataclass(frozen=True)
class Glossary:
    """What an installation has set: rules of its own, by key, and the starter sets that are off."""

    own: Mapping[tuple[str, ...], Rule]
    off: frozenset[str] = frozenset()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules, by term: its own, and those of starter sets that none of these replaces."""
        sets = [
            rule
            for name, rules in starter_sets().items()
            if name not in self.off
            for rule in rules
            if rule.key not in self.own
        ]
        return tuple(sorted([*self.own.values(), *sets], key=lambda rule: rule.term.casefold()))


class GlossaryStore:
    """Reads and changes the glossary. Methods raise BrokerUnavailableError."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection

    def read(self) -> Glossary:
        """Return the glossary; one round trip."""
        with broker_errors():
            stored = cast("dict[bytes, bytes]", self._connection.hgetall(GLOSSARY_KEY))
        own, off = {}, set()
        for name, value in stored.items():
            field = name.decode()
            if field.startswith(_OFF):
                off.add(field.removeprefix(_OFF))
            else:
                item = json.loads(value)
                rule = Rule(item["term"], tuple(item["phrases"]))
                own[rule.key] = rule
        return Glossary(own, frozenset(off))

    def put(self, rules: Sequence[Rule], *, instead_of: Rule | None = None) -> None:
        """Add rules, in place of those for the same terms; `instead_of` goes.

        Raises InvalidGlossaryError if there would be too many; then nothing changes.
        """
        gone = {instead_of.key} - {rule.key for rule in rules} if instead_of else set()
        self._change([field_of(key) for key in gone], _mapping(rules))

    def delete(self, rule: Rule) -> None:
        """Remove a rule of the installation's own; it may be gone already."""
        self._change([field_of(rule.key)], {})

    def switch(self, name: str, *, on: bool) -> None:
        """Switch a starter set on or off; raises NotFoundError."""
        _check_set(name)
        self._change([_OFF + name] if on else [], {} if on else {_OFF + name: 1})

    def replace(self, rules: Sequence[Rule], off: Iterable[str] = ()) -> None:
        """Have these rules and no others; raises InvalidGlossaryError, NotFoundError of a set."""
        names = list(off)
        for name in names:
            _check_set(name)
        self._change(None, {**_mapping(rules), **{_OFF + name: 1 for name in names}})

    def _change(self, removed: Sequence[str] | None, added: Hash) -> None:
        """Remove these fields, or all for None, and add these, with a new version of the whole."""

        def change(pipeline: Pipeline) -> None:
            stored = cast("list[bytes]", pipeline.hkeys(GLOSSARY_KEY))
            there = set() if removed is None else {name.decode() for name in stored}
            after = there.difference(removed or ()) | {str(name) for name in added}
            if sum(not name.startswith(_OFF) for name in after) > MAX_RULES and added:
                raise InvalidGlossaryError(FULL)
            pipeline.multi()
            if removed is None:
                pipeline.delete(GLOSSARY_KEY)
            elif removed:
                pipeline.hdel(GLOSSARY_KEY, *removed)
            if added:
                pipeline.hset(GLOSSARY_KEY, mapping=added)
            pipeline.hset(INDEX_KEY, VERSION_FIELD, secrets.token_hex(8))

        with broker_errors():
            self._connection.transaction(change, GLOSSARY_KEY)


def field_of(key: Sequence[str]) -> str:
    """Return the field of the hash that has the rule with this key."""
    return " ".join(key)


def _mapping(rules: Iterable[Rule]) -> Hash:
    return {
        field_of(rule.key): json.dumps({"term": rule.term, "phrases": rule.phrases})
        for rule in rules
    }


def _check_set(name: str) -> None:
    if name not in SETS:
        raise NotFoundError(f"There is no such starter set. There are: {', '.join(SETS)}.")
