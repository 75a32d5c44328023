"""Translation of what redis-py raises into errors that people can read."""

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
# How EXEC begins its answer when a queued command was refused.
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
    """Return the error that explains an exception of redis-py, or an OSError."""
    if isinstance(error, LOGIN_ERRORS):
        return BrokerLoginRefusedError()
    code = getattr(error, "status_code", None)
    if code in REFUSALS:
        return REFUSALS[code]()
    first_word = server_words(error).removeprefix(ABORTED).partition(" ")[0]
    return REFUSALS.get(first_word, BrokerUnavailableError)()


def server_words(error: Exception) -> str:
    """Return what the server said, without the command that redis-py quotes: safe to log."""
    return str(error).rpartition(QUOTED_COMMAND_ENDS)[2]


def forget_command(error: Exception) -> None:
    """Remove the quoted command from an exception, which may end up in a log or a dashboard."""
    if len(error.args) == 1 and QUOTED_COMMAND_ENDS in str(error):
        error.args = (server_words(error),)
