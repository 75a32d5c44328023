"""Files of answers, written by a child process: a long answer takes a second of processor time.

Python runs one thread at a time, so that in web everybody would wait for it.
"""

from __future__ import annotations

import pickle
import sys

import structlog

from jobs.answer_files.formats import WRITERS, AnswerFormat
from jobs.errors import TooManyFilesError, UnwritableAnswerError
from jobs.extraction import sandbox
from jobs.extraction.resource_limits import WAITING_TIMES
from jobs.extraction.slots import NoSlotError, Slots
from jobs.models import Answer, JobView

log = structlog.get_logger(__name__)

# The longest answer takes a tenth of both.
SECONDS = 20
MEMORY_MB = 1024
MAX_FILE_BYTES = 64 * 1024 * 1024
# Each writing keeps a processor busy. One of each user's is written at once.
AT_ONCE = 2
WAIT_SECONDS = 60.0
# As many as `ui.web.turns` lets in of all whom nobody knows.
WAITING_PER_USER = 20
WAITING_IN_ALL = 40

BUSY = "Too many files are being written just now. Try again in a moment."

_slots = Slots(AT_ONCE, WAITING_PER_USER, WAITING_IN_ALL)


def write_file(kind: AnswerFormat, view: JobView, answer: Answer) -> bytes:
    """Return the file of an answer.

    It may wait for minutes, see above: the caller holds no event loop. Raises
    TooManyFilesError, UnwritableAnswerError and DocumentStoreFullError.
    """
    if kind is AnswerFormat.MARKDOWN:  # this takes less than to start a process
        return str(WRITERS[kind].write(view, answer)).encode()
    try:
        with _slots.take(view.user, WAIT_SECONDS):
            return _write_in_child(kind, view, answer)
    except NoSlotError as error:
        raise TooManyFilesError(BUSY) from error


def _write_in_child(kind: AnswerFormat, view: JobView, answer: Answer) -> bytes:
    lines: list[bytes] = []
    limits = [str(MEMORY_MB), str(SECONDS)]
    try:
        result = sandbox.run(
            [sys.executable, "-m", "jobs.answer_files", kind.value, *limits],
            timeout_seconds=WAITING_TIMES * SECONDS,
            on_line=lines.append,
            stdin=pickle.dumps((view, answer)),
            max_line_bytes=MAX_FILE_BYTES,
        )
    except (TimeoutError, sandbox.BrokenOutputError) as error:
        raise UnwritableAnswerError() from error
    if result.exit_code != 0:
        log.error(
            "answer not written", job_id=view.id, format=kind.value, exit_code=result.exit_code
        )
        raise UnwritableAnswerError()
    return b"\n".join(lines)
