"""What RQ's keys, and whoever reads them, may say of a failure: no word of users or documents.

The words of a failure as its owner reads them are in the question's or document's own record.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from functools import cache

from rq.timeouts import JobTimeoutException

from jobs.errors import (
    AskqueueError,
    BadModelRequestError,
    ModelOverloadedError,
    StreamInterruptedError,
)
from jobs.models import Failure
from jobs.queue.retry_policy import known_error

# Messages of these kinds may have the model server's own words, which may repeat the question.
WITHOUT_QUOTE = {
    failure.kind: failure
    for failure in (
        Failure(
            BadModelRequestError.kind,
            "The model server rejected the request, or it is no OpenAI-compatible one. "
            "What it said is shown to whoever asked.",
        ),
        ModelOverloadedError().failure,
        StreamInterruptedError().failure,
    )
}
UNKNOWN = "Error: Something went wrong. The worker's log has more."
# The line of a stack trace that names the exception.
_NAME = re.compile(r"^([A-Za-z_][\w.]*)(?=:|$)", re.MULTILINE)


def without_quote(failure: Failure) -> Failure:
    """Return a failure without words that are not ours."""
    return WITHOUT_QUOTE.get(failure.kind, failure)


def describe(error: BaseException) -> str:
    """Return the class of an error and our own sentence about it.

    Its own message, its causes and its stack may quote a question, a document or a file's name.
    """
    return f"{type(error).__qualname__}: {without_quote(known_error(error).failure).message}"


def redact(text: str) -> str:
    """Return what `describe` would have, for any text that was stored with a failed job.

    Nothing of the text is in what is returned: versions before this one stored whole stack traces.
    """
    names = [found.rpartition(".")[2] for found in _NAME.findall(text)]
    known = [name for name in names if name in _sentences()]
    return f"{known[-1]}: {_sentences()[known[-1]]}" if known else UNKNOWN


@cache
def _sentences() -> dict[str, str]:
    """Return our sentence for each class of exception that is worth naming."""
    foreign = {
        name: AskqueueError.message
        for name, value in vars(builtins).items()
        if isinstance(value, type) and issubclass(value, BaseException)
    }
    foreign[JobTimeoutException.__name__] = known_error(JobTimeoutException()).message
    ours = {kind.__name__: without_quote(kind().failure).message for kind in _kinds(AskqueueError)}
    return foreign | ours


def _kinds(kind: type[AskqueueError]) -> Iterator[type[AskqueueError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _kinds(child)
