"""Dataclasses as Valkey hashes, without a Valkey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.connection import Encoder

from jobs.models import Failure
from jobs.queue.codec import Hash, decode, decode_values, encode, encode_fields, stored_names


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Record:
    """A field of each type that can be stored."""

    name: str
    size: int
    ratio: float = 0.5
    ended_at: float | None = None
    status: int | None = None
    is_open: bool = False
    useful: bool | None = None
    colour: Colour = Colour.RED
    tags: tuple[str, ...] = ()
    colours: frozenset[Colour] = frozenset()
    failure: Failure | None = None


@dataclass(frozen=True)
class NewerRecord(Record):
    """The same record in a later version."""

    note: str = "none"
    weight: float = 1.0


numbers = st.floats(allow_nan=False)
texts = st.text(st.characters(exclude_categories=["Cs"]))
records = st.builds(
    NewerRecord,
    name=texts,
    size=st.integers(),
    ratio=numbers,
    ended_at=st.none() | numbers,
    status=st.none() | st.integers(),
    is_open=st.booleans(),
    useful=st.none() | st.booleans(),
    colour=st.sampled_from(Colour),
    tags=st.lists(texts).map(tuple),
    colours=st.frozensets(st.sampled_from(Colour)),
    failure=st.none() | st.builds(Failure, texts.filter(bool), texts, texts),
    note=texts,
    weight=numbers,
)
SMALLEST = {b"name": b"a.md", b"size": b"3"}


def as_valkey_has_it(fields: Hash) -> Mapping[bytes, bytes]:
    """The bytes that redis-py sends for these fields, and gets back."""
    encoder = Encoder("utf-8", "strict", False)
    return {
        bytes(encoder.encode(name)): bytes(encoder.encode(value)) for name, value in fields.items()
    }


@given(records)
def test_record_comes_back_as_it_was_stored(record: NewerRecord) -> None:
    """Whatever its values are, in full and without its defaults, by HGETALL and by HMGET."""
    stored = as_valkey_has_it(encode(record))
    names = stored_names(NewerRecord)
    assert decode(NewerRecord, stored) == record
    assert decode(NewerRecord, as_valkey_has_it(encode(record, sparse=True))) == record
    values = [stored[name.encode()] for name in names]
    assert decode_values(NewerRecord, names, values) == record


@given(records)
def test_other_version_reads_what_it_knows(record: NewerRecord) -> None:
    """An older one ignores the fields it does not know, a newer one has defaults for its own."""
    older = decode(Record, as_valkey_has_it(encode(record)))
    assert older is not None
    assert vars(older) == {name: getattr(record, name) for name in vars(older)}
    newer = decode(NewerRecord, as_valkey_has_it(encode(older)))
    assert newer == NewerRecord(**vars(older))


def test_missing_fields_have_their_defaults() -> None:
    """So has "", where it cannot be a value; None is one for a field that allows it."""
    blank = {b"ratio": b"", b"ended_at": b"", b"is_open": b"", b"colour": b"", b"failure_kind": b""}
    assert decode(Record, SMALLEST) == Record("a.md", 3)
    assert decode(Record, {**SMALLEST, **blank}) == Record("a.md", 3)
    assert decode_values(Record, ["name", "size", "tags"], [b"", b"3", None]) == Record("", 3)


@pytest.mark.parametrize("missing", [{b"size": b"3"}, {b"name": b"a.md", b"size": b""}, {}])
def test_hash_without_what_every_record_has_is_no_record(missing: dict[bytes, bytes]) -> None:
    """Such as what a late write leaves of a record that was deleted."""
    assert decode(Record, missing) is None


def test_fields_can_be_given_instead_of_stored() -> None:
    """The key of a hash says more than the hash; what is given counts."""
    assert decode(Record, {b"size": b"3"}, name="b.md") == Record("b.md", 3)
    assert decode(Record, SMALLEST, name="b.md") == Record("b.md", 3)
    assert b"name" not in as_valkey_has_it(encode(Record("b.md", 3), without=("name",)))


def test_values_are_spelled_as_they_always_were() -> None:
    """Literally, for what is stored must outlive every version."""
    failure = Failure("no_quota", "No quota.")
    record = Record(
        "Größe", 3, 1.0, None, 204, True, False, Colour.BLUE, ("ü", "b"), frozenset(Colour), failure
    )
    assert as_valkey_has_it(encode(record)) == {
        b"name": "Größe".encode(),
        b"size": b"3",
        b"ratio": b"1.0",
        b"ended_at": b"",
        b"status": b"204",
        b"is_open": b"1",
        b"useful": b"0",
        b"colour": b"blue",
        b"tags": b'["\\u00fc", "b"]',
        b"colours": b"blue red",
        b"failure_kind": b"no_quota",
        b"failure_message": b"No quota.",
        b"failure_command": b"",
    }


def test_some_fields_can_be_written_alone() -> None:
    """A part that is None clears what was stored of it; a misspelled name is an error."""
    cleared = {"failure_kind": "", "failure_message": "", "failure_command": ""}
    assert encode_fields(Record, failure=None, size=4) == {**cleared, "size": 4}
    with pytest.raises(KeyError):
        encode_fields(Record, sise=4)
