"""What the engines have in common where something goes wrong."""

from __future__ import annotations

import errno

from jobs.errors import IndexUnavailableError

DISK_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def in_use_error() -> IndexUnavailableError:
    """Return the error of a second process that opens an embedded index."""
    return IndexUnavailableError(
        "The embedded document index is in use by another worker process. "
        "Run one worker, or set QDRANT_URL to a Qdrant server.",
        command="docker compose up -d qdrant",
    )
