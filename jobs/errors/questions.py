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


class TooManyFollowersError(AskqueueError):
    kind = "too_many_followers"
    message = (
        "This server cannot stream answers to more callers at the moment. Try again shortly, or "
        "poll for the result."
    )
    retryable = True
