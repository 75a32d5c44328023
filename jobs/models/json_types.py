"""How the data of this package is made of what was stored as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

Item = TypeVar("Item")


def from_json(kind: type[Item], data: Mapping[str, Any]) -> Item:
    """Make a dataclass, and those in it, of JSON types.

    Unknown keys, of a newer version, are ignored; missing ones get the dataclass's defaults.
    Raises ValueError for a value of another type, and where there is no default.
    """
    return cast("Item", _adapter(cast("type", kind)).validate_python(data))


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    """Built when it is first needed: that takes milliseconds."""
    return TypeAdapter(kind)
