"""What Valkey says when it refuses or is away, as errors with a sentence."""

from __future__ import annotations

import redis

from jobs.errors import (
    BrokerDiskFullError,
    BrokerFullError,
    BrokerLoadingError,
    BrokerLoginRefusedError,
    BrokerNotPermittedError,
    BrokerReadOnlyError,
    BrokerUnavailableError,
)

# redis-py puts the command, and with it perhaps the words of a user, before the server's answer.
QUOTED_COMMAND_ENDS = " of pipeline caused error: "
# What EXEC answers when the refusal comes as late as that.
ABORTED = "Transaction discarded because of: "

# By the word that the server's answer begins with.
REFUSALS: dict[str, type[BrokerUnavailableError]] = {
    "OOM": BrokerFullError,
    "MISCONF": BrokerDiskFullError,
    "LOADING": BrokerLoadingError,
    "READONLY": BrokerReadOnlyError,
    "NOAUTH": BrokerLoginRefusedError,
    "WRONGPASS": BrokerLoginRefusedError,
    "NOPERM": BrokerNotPermittedError,
}
LOGIN_ERRORS = (
    redis.exceptions.AuthenticationError,
    redis.exceptions.AuthenticationWrongNumberOfArgsError,
)


def explain(error: Exception) -> BrokerUnavailableError:
    """The error that says what an exception of redis-py, or an OSError, means for people."""
    if isinstance(error, LOGIN_ERRORS):
        return BrokerLoginRefusedError()
    code = getattr(error, "status_code", None)
    if code in REFUSALS:
        return REFUSALS[code]()
    first_word = server_words(error).removeprefix(ABORTED).partition(" ")[0]
    return REFUSALS.get(first_word, BrokerUnavailableError)()


def server_words(error: Exception) -> str:
    """What the server said, without the command that redis-py quotes: fit for a log."""
    return str(error).rpartition(QUOTED_COMMAND_ENDS)[2]


def forget_command(error: Exception) -> None:
    """Take the quoted command out of an exception, which may end in a log or a dashboard."""
    if len(error.args) == 1 and QUOTED_COMMAND_ENDS in str(error):
        error.args = (server_words(error),)
