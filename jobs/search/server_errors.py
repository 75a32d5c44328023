"""Translates the errors of the Qdrant client, embedded or not, into `jobs.errors`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from jobs.errors import IndexDiskFullError, IndexUnavailableError
from jobs.search.errors import DISK_FULL_ERRNOS

# How a server says that its disk is full, in an error that is otherwise like any other.
NO_SPACE = b"No space left"


@contextmanager
def index_errors() -> Iterator[None]:
    """Raise IndexUnavailableError or IndexDiskFullError in place of what the client raises."""
    try:
        yield
    except UnexpectedResponse as error:
        if error.status_code in (401, 403):
            raise IndexUnavailableError(
                "The document index (Qdrant) refused the API key. Set a valid QDRANT_API_KEY "
                "and restart the worker."
            ) from error
        if NO_SPACE in error.content:
            raise IndexDiskFullError() from error
        raise IndexUnavailableError() from error
    except sqlite3.OperationalError as error:
        if _cannot_write(error):
            raise IndexDiskFullError() from error
        raise IndexUnavailableError() from error
    except OSError as error:
        if error.errno in DISK_FULL_ERRNOS:
            raise IndexDiskFullError() from error
        raise IndexUnavailableError() from error
    except (QdrantException, ApiException, httpx.HTTPError) as error:
        raise IndexUnavailableError() from error


def _cannot_write(error: sqlite3.OperationalError) -> bool:
    """Return whether the disk is full; SQLite reports an exhausted quota as an I/O error."""
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
