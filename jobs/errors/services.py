"""The services that Askqueue needs: the job queue, the document index and the file store."""

from __future__ import annotations

from jobs.errors.base import AskqueueError


class BrokerUnavailableError(AskqueueError):
    kind = "broker_unavailable"
    message = (
        "The job queue (Valkey) cannot be reached. Questions already accepted are safe "
        "and continue as soon as it is back. If it stays away, check that it is running and that "
        "REDIS_URL is right."
    )
    retryable = True
    is_outage = True


# Errors that stop all reading have the kind of BrokerUnavailableError, which a page shows once for
# all of its parts. Errors that refuse new work alone have a kind of their own.


class BrokerLoadingError(BrokerUnavailableError):
    message = (
        "The job queue (Valkey) has restarted and is loading its data. Questions already accepted "
        "are safe and continue in a moment."
    )


class BrokerLoginRefusedError(BrokerUnavailableError):
    message = (
        "The job queue (Valkey) refused the user or the password in REDIS_URL. Questions already "
        "accepted are safe. Ask the operator to set REDIS_URL to "
        "redis://USER:PASSWORD@HOST:6379/0 and to restart."
    )


class BrokerNotPermittedError(BrokerUnavailableError):
    kind = "broker_not_permitted"
    message = (
        "The job queue (Valkey) does not permit this to the user in REDIS_URL. Questions already "
        "accepted are safe. Ask the operator to give that user the keys and commands it needs."
    )
    command = "valkey-cli ACL SETUSER USER '~askqueue:*' '~rq:*' '&rq:*' +@all"


class BrokerFullError(BrokerUnavailableError):
    kind = "broker_full"
    message = (
        "The memory of the job queue (Valkey) is full, so it takes no new work. Questions already "
        "accepted are safe. Delete some that are over, or ask the operator to raise maxmemory of "
        "the server (VALKEY_MEMORY_MB with docker compose)."
    )


class BrokerNearlyFullError(BrokerFullError):
    """What is large is refused, so that short questions of everybody still fit."""

    kind = "broker_nearly_full"
    message = (
        "The memory of the job queue (Valkey) is nearly full, so it takes only short questions. "
        "Delete batches and questions that are over, or ask the operator to raise maxmemory of "
        "the server (VALKEY_MEMORY_MB with docker compose)."
    )
    is_outage = False


class BrokerDiskFullError(BrokerUnavailableError):
    kind = "broker_disk_full"
    message = (
        "The job queue (Valkey) cannot write to its disk, which is probably full, so it takes no "
        "new work. Questions already accepted are safe. They continue once the operator has freed "
        "some space."
    )


class BrokerReadOnlyError(BrokerUnavailableError):
    kind = "broker_read_only"
    message = (
        "REDIS_URL leads to a Valkey that is a read-only replica, so it takes no new work. "
        "Questions already accepted are safe. After a failover this may pass by itself; if it "
        "does not, ask the operator to set REDIS_URL to the primary."
    )


class IndexUnavailableError(AskqueueError):
    kind = "index_unavailable"
    message = (
        "The document index (Qdrant) cannot be reached. Check that it runs and QDRANT_URL is right."
    )
    command = "docker compose up -d qdrant"
    retryable = True
    is_outage = True


class IndexDiskFullError(IndexUnavailableError):
    kind = "index_disk_full"
    message = (
        "The document index (Qdrant) cannot write to its disk, which is probably full. What is "
        "indexed already stays. Free some space, then index this again on the Documents page."
    )
    command = "df -h"
    is_outage = False  # it takes somebody to free space, who is told sooner this way


class IndexTooOldError(AskqueueError):
    kind = "index_too_old"
    message = "The Qdrant server is too old: keyword search needs version 1.20 or later."
    command = "docker compose pull qdrant && docker compose up -d qdrant"


class DocumentStoreUnavailableError(AskqueueError):
    kind = "document_store_unavailable"
    message = "The stored file cannot be read or written. Check DOCUMENT_STORE and its permissions."
    retryable = True


class DocumentStoreFullError(DocumentStoreUnavailableError):
    kind = "document_store_full"
    message = (
        "The disk is full: there is no space left where documents are stored. Nothing was added, "
        "and what is there stays. Ask the operator to free some space."
    )
