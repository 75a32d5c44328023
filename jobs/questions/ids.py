"""Ids of questions."""

from __future__ import annotations

import secrets
import time
import uuid


def new_job_id() -> str:
    """An id for a question that is about to be submitted; later ids sort after earlier ones.

    RQ lets a user's waiting questions go by the second in which they were asked, and within one
    by id. This is a UUIDv7 with its time to 0.25 µs, see RFC 9562, sections 5.7 and 6.2.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    time_bits = (milliseconds & (1 << 48) - 1) << 16 | 0x7 << 12 | (rest << 12) // 1_000_000
    return uuid.UUID(int=time_bits << 64 | 0b10 << 62 | secrets.randbits(62)).hex
