"""What may be asked: the checks of a question before it is accepted."""

from __future__ import annotations

from dataclasses import replace

from jobs.documents.repository import DocumentRepository
from jobs.errors import InvalidQuestionError, ModelNotOfferedError, UnknownDocumentsError
from jobs.models import Question
from jobs.queue.connection import broker_errors
from jobs.settings import Settings

# Each id is 64 characters of the record that every list of questions reads.
MAX_DOCUMENTS = 100


def normalized(question: Question) -> Question:
    """The question as it is kept: no white space around it, each document once, in order of id."""
    return replace(
        question,
        text=question.text.strip(),
        documents=tuple(sorted(set(question.documents))),
        model=question.model.strip(),
    )


def check(asked: Question, user: str, settings: Settings, register: DocumentRepository) -> None:
    """Raise InvalidQuestionError, UnknownDocumentsError or ModelNotOfferedError;
    BrokerUnavailableError.

    A document that this user may not see is not there. One round trip, and only if documents are
    chosen.
    """
    _check_text(asked.text, settings.max_question_chars)
    check_model(asked.model, settings)
    if len(asked.documents) > MAX_DOCUMENTS:
        raise UnknownDocumentsError(
            f"These are {len(asked.documents):,} documents; choose {MAX_DOCUMENTS} at most, "
            "or none to ask all."
        )
    if asked.documents:
        with broker_errors():
            missing = len(asked.documents) - len(register.find(asked.documents, user))
        if missing:
            raise UnknownDocumentsError(
                f"{missing:,} of the {len(asked.documents):,} chosen documents "
                f"{'is' if missing == 1 else 'are'} not there (any more). Choose others, or none "
                "to ask all."
            )


def check_model(model: str, settings: Settings) -> None:
    """Raise ModelNotOfferedError for a model that people may not choose; "" is the usual one."""
    if model and model not in settings.offered_models:
        raise ModelNotOfferedError(
            f"The model “{model[:80]}” is not offered here. Choose one of: "
            f"{', '.join(settings.offered_models)}."
        )


def _check_text(text: str, longest: int) -> None:
    if not text:
        raise InvalidQuestionError()
    if len(text) > longest:
        raise InvalidQuestionError(
            f"This question has {len(text):,} characters; the most is {longest:,}. "
            "Shorten it, or add the long text as a document."
        )
