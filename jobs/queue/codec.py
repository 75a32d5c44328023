"""Dataclasses as Valkey hashes, one field of the hash for each of the dataclass.

A field's type decides how its value is stored:

    str                 as it is
    int, float          as redis-py writes numbers
    bool                1 or 0
    StrEnum             its value
    tuple[str, ...]     JSON
    frozenset[StrEnum]  the values, sorted and separated by spaces
    a dataclass of str  its own fields, each as `<field>_<its field>`

None is "". Hashes outlive versions: unknown fields are ignored, and missing ones get the
dataclass's defaults.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeVar, cast, get_args, get_origin, get_type_hints

from redis.typing import EncodableT, FieldT

Item = TypeVar("Item")
Hash = dict[FieldT, EncodableT]


class _Column(NamedTuple):
    """The names that a field is stored under, and what makes its value of what is stored there.

    There is one name, or one for each part. Where "" is no value, it counts as missing.
    """

    names: tuple[bytes, ...]
    read: Callable[..., Any]
    can_be_empty: bool
    is_required: bool


def encode(item: Any, *, without: Collection[str] = (), sparse: bool = False) -> Hash:
    """Return a dataclass as fields of a hash; `sparse` leaves out those at their defaults."""
    values = {name: value for name, value in vars(item).items() if name not in without}
    if sparse:
        defaults = {field.name: field.default for field in fields(item)}
        values = {name: value for name, value in values.items() if value != defaults[name]}
    return encode_fields(type(item), **values)


def encode_fields(kind: type, **values: Any) -> Hash:
    """Return some fields of a dataclass as fields of a hash; raises KeyError for unknown names."""
    stored: Hash = {}
    for name, value in values.items():
        names = [stored_name.decode() for stored_name in _columns(kind)[name].names]
        parts = vars(value).values() if is_dataclass(value) else [value] * len(names)
        stored |= zip(names, map(_plain, parts), strict=True)
    return stored


def decode(kind: type[Item], stored: Mapping[bytes, bytes], **given: Any) -> Item | None:
    """Read what HGETALL returned; `given` are the fields that the hash does not hold.

    None if a field without a default is missing: there is no such record, or no longer. Raises
    ValueError for a value that is not of its field's type.
    """
    return cast("Item | None", _decode(kind, stored, given))


def decode_values(
    kind: type[Item], names: Sequence[str], values: Sequence[bytes | None], **given: Any
) -> Item | None:
    """Read what HMGET returned for these names; otherwise as `decode`."""
    stored = dict(zip(map(str.encode, names), values, strict=True))
    return cast("Item | None", _decode(kind, stored, given))


def stored_names(kind: type, *, without: Collection[str] = ()) -> tuple[str, ...]:
    """Return the names that the fields of a dataclass are stored under."""
    columns = [column for name, column in _columns(kind).items() if name not in without]
    return tuple(name.decode() for column in columns for name in column.names)


def _decode(kind: type, stored: Mapping[bytes, bytes | None], given: dict[str, Any]) -> Any:
    values: dict[str, Any] = {}
    for field, (names, read, can_be_empty, is_required) in _columns(kind).items():
        value = stored.get(names[0])
        if value or (value is not None and can_be_empty):
            values[field] = read(value) if len(names) == 1 else read(*map(stored.get, names))
        elif is_required and field not in given:
            return None
    return kind(**values | given)


@cache
def _columns(kind: type) -> Mapping[str, _Column]:
    """Return how each field of a dataclass is stored, in their order."""
    hints = get_type_hints(kind)
    return {field.name: _column(field, hints[field.name]) for field in fields(kind)}


def _column(field: Field[Any], hint: Any) -> _Column:
    if get_origin(hint) is UnionType:  # with None
        [hint] = [option for option in get_args(hint) if option is not NoneType]
    names = [field.name]
    if is_dataclass(hint):
        names = [f"{field.name}_{part.name}" for part in fields(hint)]
    return _Column(
        names=tuple(map(str.encode, names)),
        read=_reader(hint),
        can_be_empty=hint is str or get_origin(hint) is frozenset,
        is_required=field.default is MISSING and field.default_factory is MISSING,
    )


def _reader(hint: Any) -> Callable[..., Any]:
    if hint in (int, float):
        return cast("Callable[[bytes], float]", hint)
    if hint is bool:
        return lambda value: value == b"1"
    if hint is str:
        return bytes.decode
    if get_origin(hint) is tuple:
        return lambda value: tuple(json.loads(value))
    if get_origin(hint) is frozenset:
        [member] = get_args(hint)
        return lambda value: frozenset(map(member, value.decode().split()))
    # An enum, or a dataclass, of which parts may be missing.
    return lambda *values: hint(*[(value or b"").decode() for value in values])


def _plain(value: Any) -> EncodableT:
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return json.dumps(value)
    if isinstance(value, frozenset):
        return " ".join(sorted(value))
    return cast("EncodableT", value)
