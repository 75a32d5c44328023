"""The names of the queues, and how many threads serve each."""

from __future__ import annotations

QUESTIONS_QUEUE = "questions"
BATCH_QUEUE = "batch"
INDEXING_QUEUE = "indexing"
QUEUE_NAMES = (QUESTIONS_QUEUE, BATCH_QUEUE, INDEXING_QUEUE)


def parse_threads(text: str) -> dict[str, int]:
    """Parse `questions:16,batch:4` as {"questions": 16, "batch": 4}.

    Raises ValueError for an unknown queue, a count that is not a positive number, or no queue.
    """
    threads: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, count = part.partition(":")
        if name not in QUEUE_NAMES:
            raise ValueError(f"unknown queue {name!r}: use {', '.join(QUEUE_NAMES)}")
        if not count.isdigit() or int(count) < 1:
            raise ValueError(f"{name} needs a number of threads, such as {name}:4")
        threads[name] = int(count)
    if not threads:
        raise ValueError("name at least one queue, such as questions:16")
    return threads
