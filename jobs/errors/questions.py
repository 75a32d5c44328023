"""Questions and batches that cannot be accepted: their asker can put it right."""

from __future__ import annotations

from jobs.errors.base import AskqueueError


class InvalidQuestionError(AskqueueError):
    kind = "invalid_question"
    message = "Type a question first."


class UnknownDocumentsError(InvalidQuestionError):
    kind = "unknown_documents"
    message = "Some of the chosen documents are not there. Choose others, or none to ask all."


class ModelNotOfferedError(InvalidQuestionError):
    kind = "model_not_offered"
    message = "This model is not offered here. Choose another, or none for the usual one."


class InvalidBatchError(AskqueueError):
    kind = "invalid_batch"
    message = "No questions can be read from this file."


class InvalidQuestionSetError(AskqueueError):
    kind = "invalid_question_set"
    message = "No questions can be read from this file."


class BatchesExceededError(AskqueueError):
    """A batch that would take its user past a bound; nothing of it was stored."""

    kind = "batches_exceeded"
    message = "You have as many batches as one user may keep. Delete some first."


class QuestionsExceededError(AskqueueError):
    """A question that would take its user past `USER_QUESTIONS`; it was not accepted."""

    kind = "questions_exceeded"
    message = "You keep as many questions as one user may. Delete some first."


class TooManyFilesError(AskqueueError):
    """More files arrive or are read than one user, or all of them, may send at once."""

    kind = "too_many_files"
    message = "Too many files arrive or are read just now. Try again in a moment."
    retryable = True


class UnwritableAnswerError(AskqueueError):
    kind = "answer_unwritable"
    message = "This file cannot be written. Download the answer as Markdown instead."


class TooManyQuestionsError(AskqueueError):
    """More questions in a minute than one user may ask; nothing of this one was accepted.

    `limit` is how many, and `retry_after_seconds` says when there is room for one.
    """

    kind = "too_many_questions"
    message = "You have asked as many questions as you may in a minute. Wait a moment, then ask."
    retryable = True
    limit = 0


class TooManyUrgentError(TooManyQuestionsError):
    kind = "too_many_urgent"
    message = (
        "You have made as many questions urgent as you may in a minute. Wait a moment, or ask "
        "without urgency."
    )


class InvalidFeedbackError(AskqueueError):
    kind = "invalid_feedback"
    message = "This reason is too long. Shorten it."


class TooManyOwnFollowersError(AskqueueError):
    """The caller takes as many places as one may; the rest is for others."""

    kind = "too_many_own_followers"
    message = (
        "You follow as many questions at once as one caller may. Close a stream, or wait until one "
        "ends, then try again; or poll for the result."
    )
    retryable = True


class TooManyRequestsError(AskqueueError):
    """So many requests of one user wait that no more may."""

    kind = "too_many_requests"
    message = (
        "Too many of your requests wait already. Send fewer at a time: try again when some of them "
        "are answered."
    )
    retryable = True


class TooManyFollowersError(AskqueueError):
    kind = "too_many_followers"
    message = (
        "This server cannot stream answers to more callers at the moment. Try again shortly, or "
        "poll for the result."
    )
    retryable = True
