"""Settings of an installation, one module for each subject, and the names of its queues.

`Settings` puts the subjects together and is what everything else takes.
"""

from jobs.settings.network import LOOPBACK_HOSTS
from jobs.settings.queues import (
    BATCH_QUEUE,
    INDEXING_QUEUE,
    QUESTIONS_QUEUE,
    QUEUE_NAMES,
    parse_threads,
)
from jobs.settings.services import MAX_SOCKET_PATH_BYTES
from jobs.settings.settings import Settings
from jobs.settings.sign_in import AuthMode, Network, parse_networks

__all__ = [
    "BATCH_QUEUE",
    "INDEXING_QUEUE",
    "LOOPBACK_HOSTS",
    "MAX_SOCKET_PATH_BYTES",
    "QUESTIONS_QUEUE",
    "QUEUE_NAMES",
    "AuthMode",
    "Network",
    "Settings",
    "parse_networks",
    "parse_threads",
]
