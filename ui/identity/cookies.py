"""The cookies of a request, read strictly: those that say who somebody is must be beyond doubt."""

from __future__ import annotations

from starlette.requests import HTTPConnection


def values_of(connection: HTTPConnection) -> dict[str, set[str]]:
    """Return the values of each cookie by its exact name.

    Servers that cut off any space take the cookie of a neighbouring site, whose name begins with
    an odd one, for ours.
    """
    values: dict[str, set[str]] = {}
    for header in connection.headers.getlist("cookie"):
        for pair in header.split(";"):
            name, equals, value = pair.partition("=")
            if equals:
                values.setdefault(name.strip(" \t"), set()).add(value.strip(" \t"))
    return values


def cookies_of(connection: HTTPConnection) -> dict[str, str]:
    """Return the cookies that have one value.

    A site below the same domain can set a second cookie of our name, in a browser that has one. The
    order says nothing of which is ours, so neither counts.
    """
    values = values_of(connection)
    return {name: next(iter(few)) for name, few in values.items() if len(few) == 1}
