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
    ├── InvalidQuestionSetError
    ├── BatchesExceededError
    ├── QuestionsExceededError
    ├── TooManyFilesError
    ├── UnwritableAnswerError
    ├── TooManyQuestionsError
    │   └── TooManyUrgentError
    ├── InvalidFeedbackError
    ├── TooManyOwnFollowersError
    ├── TooManyRequestsError
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
    ├── TooManySignInsError
    ├── UntrustedProxyError
    ├── AmbiguousProxyUserError
    ├── WrongKeyError
    ├── MissingScopeError
    ├── InvalidKeyError
    ├── InvalidGlossaryError
    ├── InvalidWebhookError
    │   └── AddressNotAllowedError
    ├── BrokerUnavailableError
    │   ├── BrokerLoadingError
    │   ├── BrokerLoginRefusedError
    │   ├── BrokerNotPermittedError
    │   ├── BrokerFullError
    │   │   └── BrokerNearlyFullError
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
    │   │   └── NoAnswerError
    │   ├── ModelTimeoutError
    │   ├── ModelUnavailableError
    │   ├── ModelOverloadedError
    │   ├── StreamInterruptedError
    │   └── EmbeddingsUnsupportedError
    ├── SupersededError
    ├── HandedBackError
    ├── WorkerLostError
    ├── JobTimeoutError
    └── UnknownTaskError
"""

from jobs.errors.access import (
    AmbiguousProxyUserError,
    InvalidKeyError,
    MissingScopeError,
    NotSignedInError,
    OperatorsClosedError,
    OperatorsOnlyError,
    TooManySignInsError,
    UntrustedProxyError,
    WrongCredentialsError,
    WrongKeyError,
)
from jobs.errors.attempts import (
    HandedBackError,
    JobTimeoutError,
    SupersededError,
    UnknownTaskError,
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
from jobs.errors.glossary import InvalidGlossaryError
from jobs.errors.model_server import (
    BadApiKeyError,
    BadModelRequestError,
    ContextTooLongError,
    EmbeddingsUnsupportedError,
    ModelError,
    ModelOverloadedError,
    ModelTimeoutError,
    ModelUnavailableError,
    NoAnswerError,
    NoQuotaError,
    StreamInterruptedError,
    UnknownModelError,
)
from jobs.errors.questions import (
    BatchesExceededError,
    InvalidBatchError,
    InvalidFeedbackError,
    InvalidQuestionError,
    InvalidQuestionSetError,
    ModelNotOfferedError,
    QuestionsExceededError,
    TooManyFilesError,
    TooManyFollowersError,
    TooManyOwnFollowersError,
    TooManyQuestionsError,
    TooManyRequestsError,
    TooManyUrgentError,
    UnknownDocumentsError,
    UnwritableAnswerError,
)
from jobs.errors.services import (
    BrokerDiskFullError,
    BrokerFullError,
    BrokerLoadingError,
    BrokerLoginRefusedError,
    BrokerNearlyFullError,
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
    "BatchesExceededError",
    "BrokerDiskFullError",
    "BrokerFullError",
    "BrokerLoadingError",
    "BrokerLoginRefusedError",
    "BrokerNearlyFullError",
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
    "InvalidGlossaryError",
    "InvalidKeyError",
    "InvalidQuestionError",
    "InvalidQuestionSetError",
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
    "NoAnswerError",
    "NoDocumentsError",
    "NoQuotaError",
    "NotFoundError",
    "NotSignedInError",
    "OperatorsClosedError",
    "OperatorsOnlyError",
    "OthersDocumentError",
    "PrivateUnsafeError",
    "QuestionsExceededError",
    "StillIndexingError",
    "StorageExceededError",
    "StreamInterruptedError",
    "SupersededError",
    "TooManyFilesError",
    "TooManyFollowersError",
    "TooManyOwnFollowersError",
    "TooManyQuestionsError",
    "TooManyRequestsError",
    "TooManySignInsError",
    "TooManyUrgentError",
    "UnknownDocumentsError",
    "UnknownModelError",
    "UnknownTaskError",
    "UnreadableDocumentError",
    "UnreadablePageError",
    "UntrustedProxyError",
    "UnwritableAnswerError",
    "WorkerLostError",
    "WrongCredentialsError",
    "WrongKeyError",
]
