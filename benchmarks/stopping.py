"""How long a stop takes, in each stage that a question can be in.

    python -m benchmarks.stopping [--tries 50]

A worker with one thread, a stub model server that is slow where the stage needs it, a stop at a
random moment of the stage. Two times are taken from the call of `JobClient.stop`: until another
client sees the question stopped, and, where it was running, until the worker thread is free.
Then the text it had is compared with what was kept, and the question is retried: it must finish.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property

import redis
from rq import Queue
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer

from benchmarks.stack import DURABLE, QUESTION, Stack, local_stack, spread_ms, wait_for
from jobs.models import JobState, JobView, LiveText, Question, Stage
from jobs.questions.client import JobClient
from jobs.queue.connection import connect
from jobs.settings import QUESTIONS_QUEUE
from tests.fakes import FakeModelServer

BAR_SECONDS = 2.0
POLL_SECONDS = 0.005
WORDS_BEFORE_STOP = 5
SLOW_TOKEN_SECONDS = 0.05
TOKENS = 400
# Far longer than any stop may take, so that nothing ends by itself.
HANG_SECONDS = 60.0
RETRY_AFTER_SECONDS = 60
# The moment of a stop is spread over this long, so that it meets no fixed phase of a poll.
SPREAD_SECONDS = 0.7


@dataclass
class Bench:
    """The parts of one run."""

    stack: Stack
    model: FakeModelServer
    client: JobClient
    watcher: JobClient
    random: random.Random
    asked: int = 0

    def submit(self, user: str = "") -> JobView:
        """A question of a new user, or of this one."""
        self.asked += 1
        return self.client.submit(user or f"user-{self.asked}", Question(QUESTION))

    def state(self, job: JobView) -> JobView:
        return self.watcher.get_job(job.user, job.id)

    def text(self, job: JobView) -> str:
        """What the question has streamed so far."""
        return self.watcher.read_live(job.user, LiveText(job.id))[1].text

    def is_running(self, job: JobView) -> bool:
        """True while a worker thread has the question in hand, whatever its state says."""
        members = self.connection.zrange(self.executions_key, 0, -1)
        return any(member.startswith(job.id.encode()) for member in members)

    @cached_property
    def connection(self) -> redis.Redis:
        return connect(self.stack.settings.broker_url)

    @cached_property
    def executions_key(self) -> str:
        queue = Queue(QUESTIONS_QUEUE, connection=self.connection, serializer=JSONSerializer)
        return StartedJobRegistry(queue=queue, serializer=JSONSerializer).key

    def be_normal(self) -> None:
        self.model.behave("normal")
        self.model.embedding_delay_seconds = 0.0
        self.model.first_token_delay_seconds = 0.0
        self.model.token_delay_seconds = 0.0
        self.model.tokens = 10


@dataclass(frozen=True)
class Case:
    """One stage: how the model behaves, when the stage is reached, and what is around it."""

    prepare: Callable[[FakeModelServer], None]
    reached: Callable[[Bench, JobView], bool]
    runs: bool = True
    has_text: bool = False
    user: str = ""
    around: Callable[[Bench], AbstractContextManager[object]] = field(default=nullcontext)


def in_stage(stage: Stage) -> Callable[[Bench, JobView], bool]:
    def reached(bench: Bench, job: JobView) -> bool:
        view = bench.state(job)
        return view.state is JobState.STARTED and view.stage is stage

    return reached


def in_state(state: JobState) -> Callable[[Bench, JobView], bool]:
    return lambda bench, job: bench.state(job).state is state


def has_words(bench: Bench, job: JobView) -> bool:
    return len(bench.text(job).split()) >= WORDS_BEFORE_STOP


def falls_silent(bench: Bench, job: JobView) -> bool:
    """Let some words through, then none."""
    if not has_words(bench, job):
        return False
    bench.model.token_delay_seconds = HANG_SECONDS
    text, since = bench.text(job), time.monotonic()
    while time.monotonic() - since < 0.3:
        if (newer := bench.text(job)) != text:
            text, since = newer, time.monotonic()
        time.sleep(POLL_SECONDS)
    return True


def slow_stream(model: FakeModelServer) -> None:
    model.tokens, model.token_delay_seconds = TOKENS, SLOW_TOKEN_SECONDS


def hang_in_embedding(model: FakeModelServer) -> None:
    model.embedding_delay_seconds = HANG_SECONDS


@contextmanager
def busy_thread(bench: Bench) -> Iterator[None]:
    """The only thread answers another question, which does not end."""
    bench.model.behave("hang")
    other = bench.submit()
    wait_for(lambda: in_stage(Stage.GENERATING)(bench, other), 20, "a busy thread")
    yield
    bench.client.stop(other.user, other.id)


@contextmanager
def busy_user(bench: Bench) -> Iterator[None]:
    """One user has as many questions as may be queued or running; the thread is busy too."""
    with busy_thread(bench):
        own = [bench.submit("ann") for _ in range(bench.stack.settings.user_concurrency)]
        yield
        for job in own:
            bench.client.stop(job.user, job.id)


CASES = {
    "queued": Case(lambda _: None, in_state(JobState.QUEUED), runs=False, around=busy_thread),
    "waiting for the user's other questions": Case(
        lambda _: None, in_state(JobState.WAITING), runs=False, user="ann", around=busy_user
    ),
    "waiting for a retry": Case(
        lambda model: model.behave("rate_limited", retry_after=RETRY_AFTER_SECONDS),
        in_state(JobState.RETRYING),
        runs=False,
    ),
    "retrieving": Case(hang_in_embedding, in_stage(Stage.RETRIEVING)),
    "generating": Case(slow_stream, has_words, has_text=True),
    "generating, silent before the first word": Case(
        lambda model: model.behave("hang"), in_stage(Stage.GENERATING)
    ),
    "generating, silent after some words": Case(slow_stream, falls_silent, has_text=True),
}


@dataclass
class Tally:
    """What the tries of one stage came to; times in seconds."""

    seen: list[float] = field(default_factory=list)
    free: list[float] = field(default_factory=list)
    text_kept: int = 0
    finished_after_retry: int = 0


def run_case(bench: Bench, case: Case, tries: int) -> dict[str, object]:
    tally = Tally()
    stopped: list[JobView] = []
    bench.be_normal()
    with case.around(bench):
        for _ in range(tries):
            case.prepare(bench.model)
            job = bench.submit(case.user)
            wait_for(lambda job=job: case.reached(bench, job), 30, "the stage", POLL_SECONDS)
            time.sleep(bench.random.uniform(0, SPREAD_SECONDS))
            measure_stop(bench, case, job, tally)
            if case.around is nullcontext:
                bench.be_normal()
                retry_all(bench, [job], tally)
            else:
                stopped.append(job)  # the thread is busy: later
        bench.be_normal()
    retry_all(bench, stopped, tally)
    report: dict[str, object] = {"tries": tries, "stopped_ms": spread_ms(tally.seen)}
    if tally.free:
        report["thread_free_ms"] = spread_ms(tally.free)
    if case.has_text:
        report["text_kept"] = tally.text_kept
    worst = spread_ms(tally.free or tally.seen)["p95"]
    return report | {
        "finished_after_retry": tally.finished_after_retry,
        "within_bar": worst <= BAR_SECONDS * 1000,
    }


def measure_stop(bench: Bench, case: Case, job: JobView, tally: Tally) -> None:
    """Stop, and watch from outside."""
    if case.runs and not bench.is_running(job):
        raise SystemExit("the execution is not where this benchmark looks for it")
    text = bench.text(job)
    started = time.perf_counter()
    bench.client.stop(job.user, job.id)
    seen = free = None
    while seen is None or free is None:
        if seen is None and bench.state(job).state is JobState.STOPPED:
            seen = time.perf_counter() - started
        if free is None and not bench.is_running(job):
            free = time.perf_counter() - started
        if time.perf_counter() - started > 30:
            raise SystemExit(f"not stopped after 30 s: {bench.state(job)}")
        time.sleep(POLL_SECONDS)
    tally.seen.append(seen)
    if case.runs:
        tally.free.append(max(seen, free))
    kept = bench.watcher.get_partial_text(job.user, job.id)
    tally.text_kept += bool(text) and kept.startswith(text)


def retry_all(bench: Bench, jobs: list[JobView], tally: Tally) -> None:
    for job in jobs:
        bench.client.retry(job.user, job.id)
    for job in jobs:
        over = bench.watcher.wait(job.user, job.id, 60)
        tally.finished_after_retry += over.state is JobState.FINISHED


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tries", type=int, default=50, help="stops in each stage")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with (
        FakeModelServer() as model,
        local_stack("stopping", model.base_url, **DURABLE) as stack,
        stack.worker("questions:1,indexing:1"),
    ):
        bench = Bench(stack, model, stack.jobs(), stack.jobs(), random.Random(options.seed))
        for name, case in CASES.items():
            print(json.dumps({name: run_case(bench, case, options.tries)}), flush=True)


if __name__ == "__main__":
    main()
