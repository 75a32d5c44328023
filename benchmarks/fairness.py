"""How long one person's question waits while others flood the queue.

    python -m benchmarks.fairness [--questions 500] [--threads 16]

A worker with 16 threads and a stub model that takes 0.7 s for an answer. One user, then two, submit
500 questions each; meanwhile, every half second, somebody new asks a single one, and every third of
them asks it as urgent. Waits are from accepted to started, as Valkey has them. The baseline is the
same without `USER_CONCURRENCY`. Then 500 urgent questions of 500 users meet single usual ones.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.stack import DURABLE, QUESTION, Stack, local_stack, spread_ms, stub_model
from jobs.models import JobState, JobView, Question
from jobs.questions.client import JobClient

TOKENS, STREAM_SECONDS = 50, 0.7
EVERY_SECONDS = 0.5
SINGLES = 24
URGENT_EACH = 3
NO_LIMIT = 1_000_000
BAR_SECONDS = 2.0
LONGEST_SECONDS = 300


@dataclass(frozen=True)
class Case:
    """Who floods the queue: `users` with so many questions each, urgent or not."""

    name: str
    users: int
    each: int
    limited: bool = True
    urgent: bool = False


def cases(questions: int) -> Iterator[Case]:
    yield Case("nobody", 0, 0)
    for floods in (1, 2):
        yield Case(f"{floods} flood(s)", floods, questions)
        yield Case(f"{floods} flood(s), without USER_CONCURRENCY", floods, questions, limited=False)
    yield Case(f"{questions} users, one urgent question each", questions, 1, urgent=True)


def flood(client: JobClient, case: Case) -> list[JobView]:
    """Submit all of it, from several threads, in turn for each user."""
    users = [f"flood-{number}" for number in range(case.users)] * case.each
    with ThreadPoolExecutor(8) as pool:
        return list(
            pool.map(
                lambda user: client.submit(user, Question(QUESTION), urgent=case.urgent), users
            )
        )


def ask_singles(client: JobClient) -> tuple[list[JobView], list[JobView]]:
    """One question every half second, each of a new user: the usual ones, and the urgent ones."""
    usual: list[JobView] = []
    urgent: list[JobView] = []
    for number in range(SINGLES):
        is_urgent = number % URGENT_EACH == URGENT_EACH - 1
        asked = client.submit(f"single-{number}", Question(QUESTION), urgent=is_urgent)
        (urgent if is_urgent else usual).append(asked)
        time.sleep(EVERY_SECONDS)
    return usual, urgent


def waits(client: JobClient, jobs: Sequence[JobView]) -> list[float]:
    """Seconds from accepted to started, of questions that must all be answered."""
    over = [client.wait(job.user, job.id, LONGEST_SECONDS) for job in jobs]
    found = [view.waited_seconds for view in over if view.state is JobState.FINISHED]
    if len(found) != len(jobs):
        raise SystemExit(f"not all were answered: {[view.state for view in over]}")
    return [wait for wait in found if wait is not None]


def run(stack: Stack, case: Case) -> dict[str, object]:
    changes = {"urgent_per_minute": NO_LIMIT}
    client = stack.jobs(**changes, **({} if case.limited else {"user_concurrency": NO_LIMIT}))
    flooded = flood(client, case)
    usual, urgent = ask_singles(client)
    left = sum(not client.get_job(job.user, job.id).state.is_over for job in flooded)
    longest = {"usual": waits(client, usual), "urgent": waits(client, urgent)}
    for job in flooded:
        client.wait(job.user, job.id, LONGEST_SECONDS)
    return {
        "case": case.name,
        "flood_left_after_the_last_single": left,
        **{f"{name}_ms": spread_ms(seconds) for name, seconds in longest.items()},
        "usual_within_bar": max(longest["usual"]) <= BAR_SECONDS,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=500, help="of each flood")
    parser.add_argument("--threads", type=int, default=16, help="question threads of the worker")
    options = parser.parse_args()
    with (
        stub_model(TOKENS, STREAM_SECONDS) as base_url,
        local_stack("fairness", base_url, **DURABLE) as stack,
    ):
        stack.index_samples()
        with stack.worker(f"questions:{options.threads},indexing:1"):
            for case in cases(options.questions):
                print(json.dumps(run(stack, case)), flush=True)


if __name__ == "__main__":
    main()
