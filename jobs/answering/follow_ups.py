"""The turns before a follow-up, and the follow-up rewritten so that it stands alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import redis

from jobs.cancellation import Cancelled, call_cancellable
from jobs.llm.rewriting import Rewriting, Turn, make_turn
from jobs.models import MAX_TURNS, Answer, TokenUse
from jobs.questions.repository import read_job, to_view
from jobs.queue.results import read_answers

NO_EARLIER_ANSWER = (
    "The question that this one follows up has no answer any more, so this one was answered as it "
    "stands."
)
NOT_REWRITTEN = (
    "The model did not say how it understands this follow-up, so it was answered as it stands."
)

# Rewrites a follow-up, given the turns before it, to stand alone. Raises ModelError.
Rewrite = Callable[[str, Sequence[Turn]], Rewriting]


@dataclass(frozen=True)
class Understood:
    """A question as it is answered; `seconds` and `tokens` are what rewriting it took."""

    text: str
    seconds: float = 0.0
    tokens: TokenUse = field(default_factory=TokenUse)
    note: str = ""


def read_turns(connection: redis.Redis, user: str, follows: str) -> tuple[Turn, ...]:
    """Return the answered questions before a follow-up, with their answers, oldest first.

    At most `MAX_TURNS`, each cut to a bounded length; none if the question that it follows has no
    answer. Raises what redis raises.
    """
    turns: list[Turn] = []
    while follows and len(turns) < MAX_TURNS:
        pipeline = connection.pipeline(transaction=False)
        read_job(pipeline, follows)
        view = to_view(follows, *pipeline.execute())
        [answer] = read_answers(connection, [follows])
        if view is None or view.user != user or answer is None:
            break
        turns.append(make_turn(answer.standalone or view.asked.text, answer.text))
        follows = view.asked.follows
    return tuple(reversed(turns))


def understand(
    question: str, turns: Sequence[Turn], rewrite: Rewrite, cancelled: Cancelled
) -> Understood:
    """Rewrite a follow-up to these turns so that it stands alone.

    It is left as it is, with a note, if there are no turns or nothing came of it. Raises what
    `rewrite` raises, and what `cancelled` raises to end the job.
    """
    if not turns:
        return Understood(question, note=NO_EARLIER_ANSWER)
    began = time.monotonic()
    rewriting = call_cancellable(lambda: rewrite(question, turns), cancelled)
    return Understood(
        rewriting.text or question,
        time.monotonic() - began,
        rewriting.tokens,
        "" if rewriting.text else NOT_REWRITTEN,
    )


def add_understanding(answer: Answer, question: str, understood: Understood) -> Answer:
    """Add to an answer how its question was understood, and the time and tokens that this took."""
    timings, tokens = answer.timings, answer.tokens
    first = timings.first_token
    differs = " ".join(understood.text.split()) != " ".join(question.split())
    return replace(
        answer,
        standalone=understood.text if differs else "",
        notes=(*filter(None, [understood.note]), *answer.notes),
        tokens=TokenUse(
            tokens.prompt + understood.tokens.prompt,
            tokens.completion + understood.tokens.completion,
        ),
        timings=replace(
            timings,
            rewriting=understood.seconds,
            first_token=None if first is None else first + understood.seconds,
        ),
    )
