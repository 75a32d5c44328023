"""The errors that people may see, one module for each subject.

Each has a stable `kind`, for programs, and a `message` that says what to do. Adapters translate
foreign exceptions into these; pages and the API show `message` and `command`.

    AskqueueError
    ├── NotFoundError
    ├── InvalidStateError
    ├── InvalidCursorError
    ├── InvalidQuestionError
    │   ├── UnknownDocumentsError
    │   └── ModelNotOfferedError
    ├── InvalidBatchError
    ├── TooManyQuestionsError
    │   └── TooManyUrgentError
    ├── InvalidFeedbackError
    ├── TooManyFollowersError
    ├── InvalidUploadError
    ├── StorageExceededError
    ├── OthersDocumentError
    ├── PrivateUnsafeError
    ├── NoDocumentsError
    │   └── StillIndexingError
    ├── UnreadableDocumentError
    │   ├── EmptyDocumentError
    │   ├── ExtractionTooLongError
    │   └── ExtractionTooLargeError
    ├── UnreadablePageError
    ├── NotSignedInError
    ├── OperatorsOnlyError
    ├── OperatorsClosedError
    ├── WrongCredentialsError
    ├── UntrustedProxyError
    ├── AmbiguousProxyUserError
    ├── WrongKeyError
    ├── MissingScopeError
    ├── InvalidKeyError
    ├── InvalidWebhookError
    │   └── AddressNotAllowedError
    ├── BrokerUnavailableError
    │   ├── BrokerLoadingError
    │   ├── BrokerLoginRefusedError
    │   ├── BrokerNotPermittedError
    │   ├── BrokerFullError
    │   ├── BrokerDiskFullError
    │   └── BrokerReadOnlyError
    ├── IndexUnavailableError
    │   └── IndexDiskFullError
    ├── IndexTooOldError
    ├── DocumentStoreUnavailableError
    │   └── DocumentStoreFullError
    ├── ModelError
    │   ├── BadApiKeyError
    │   ├── NoQuotaError
    │   ├── UnknownModelError
    │   ├── ContextTooLongError
    │   ├── BadModelRequestError
    │   ├── ModelTimeoutError
    │   ├── ModelUnavailableError
    │   ├── ModelOverloadedError
    │   ├── StreamInterruptedError
    │   └── EmbeddingsUnsupportedError
    ├── SupersededError
    ├── HandedBackError
    ├── WorkerLostError
    └── JobTimeoutError
"""

from jobs.errors.access import (
    AmbiguousProxyUserError,
    InvalidKeyError,
    MissingScopeError,
    NotSignedInError,
    OperatorsClosedError,
    OperatorsOnlyError,
    UntrustedProxyError,
    WrongCredentialsError,
    WrongKeyError,
)
from jobs.errors.attempts import (
    HandedBackError,
    JobTimeoutError,
    SupersededError,
    WorkerLostError,
)
from jobs.errors.base import (
    AskqueueError,
    InvalidCursorError,
    InvalidStateError,
    NotFoundError,
)
from jobs.errors.documents import (
    EmptyDocumentError,
    ExtractionTooLargeError,
    ExtractionTooLongError,
    InvalidUploadError,
    NoDocumentsError,
    OthersDocumentError,
    PrivateUnsafeError,
    StillIndexingError,
    StorageExceededError,
    UnreadableDocumentError,
    UnreadablePageError,
)
from jobs.errors.model_server import (
    BadApiKeyError,
    BadModelRequestError,
    ContextTooLongError,
    EmbeddingsUnsupportedError,
    ModelError,
    ModelOverloadedError,
    ModelTimeoutError,
    ModelUnavailableError,
    NoQuotaError,
    StreamInterruptedError,
    UnknownModelError,
)
from jobs.errors.questions import (
    InvalidBatchError,
    InvalidFeedbackError,
    InvalidQuestionError,
    ModelNotOfferedError,
    TooManyFollowersError,
    TooManyQuestionsError,
    TooManyUrgentError,
    UnknownDocumentsError,
)
from jobs.errors.services import (
    BrokerDiskFullError,
    BrokerFullError,
    BrokerLoadingError,
    BrokerLoginRefusedError,
    BrokerNotPermittedError,
    BrokerReadOnlyError,
    BrokerUnavailableError,
    DocumentStoreFullError,
    DocumentStoreUnavailableError,
    IndexDiskFullError,
    IndexTooOldError,
    IndexUnavailableError,
)
from jobs.errors.webhooks import (
    AddressNotAllowedError,
    InvalidWebhookError,
)

__all__ = [
    "AddressNotAllowedError",
    "AmbiguousProxyUserError",
    "AskqueueError",
    "BadApiKeyError",
    "BadModelRequestError",
    "BrokerDiskFullError",
    "BrokerFullError",
    "BrokerLoadingError",
    "BrokerLoginRefusedError",
    "BrokerNotPermittedError",
    "BrokerReadOnlyError",
    "BrokerUnavailableError",
    "ContextTooLongError",
    "DocumentStoreFullError",
    "DocumentStoreUnavailableError",
    "EmbeddingsUnsupportedError",
    "EmptyDocumentError",
    "ExtractionTooLargeError",
    "ExtractionTooLongError",
    "HandedBackError",
    "IndexDiskFullError",
    "IndexTooOldError",
    "IndexUnavailableError",
    "InvalidBatchError",
    "InvalidCursorError",
    "InvalidFeedbackError",
    "InvalidKeyError",
    "InvalidQuestionError",
    "InvalidStateError",
    "InvalidUploadError",
    "InvalidWebhookError",
    "JobTimeoutError",
    "MissingScopeError",
    "ModelError",
    "ModelNotOfferedError",
    "ModelOverloadedError",
    "ModelTimeoutError",
    "ModelUnavailableError",
    "NoDocumentsError",
    "NoQuotaError",
    "NotFoundError",
    "NotSignedInError",
    "OperatorsClosedError",
    "OperatorsOnlyError",
    "OthersDocumentError",
    "PrivateUnsafeError",
    "StillIndexingError",
    "StorageExceededError",
    "StreamInterruptedError",
    "SupersededError",
    "TooManyFollowersError",
    "TooManyQuestionsError",
    "TooManyUrgentError",
    "UnknownDocumentsError",
    "UnknownModelError",
    "UnreadableDocumentError",
    "UnreadablePageError",
    "UntrustedProxyError",
    "WorkerLostError",
    "WrongCredentialsError",
    "WrongKeyError",
]
