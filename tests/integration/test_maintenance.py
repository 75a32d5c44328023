"""Maintenance over a real Valkey, in the process of the test."""

from __future__ import annotations

import redis
from rq.job import Job
from rq.rate_limit import RateLimitRegistry

from jobs.models import JobState, Question
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.settings import Settings
from jobs.worker.maintenance import LIMITS_PER_PASS, Maintenance
from tests.integration.test_client import counted_round_trips


def test_slot_of_a_dead_attempt_goes_to_who_waits_for_it(
    client: JobClient, broker: Broker, connection: redis.Redis, settings: Settings
) -> None:
    """A job that ended without freeing its slot does not hold up its user's next question."""
    ids = [client.submit("ann", Question("q?")).id for _ in range(settings.user_concurrency + 1)]
    connection.hset(Job.key_for(ids[0]), "status", "finished")
    assert client.get_job("ann", ids[-1]).state is JobState.WAITING
    Maintenance(broker, lambda _lost: None).run_once()
    assert client.get_job("ann", ids[-1]).state is JobState.QUEUED


def test_pass_costs_the_same_for_hundreds_of_users(
    client: JobClient, broker: Broker, connection: redis.Redis
) -> None:
    """A pass looks at some users' slots at a time, and at all of them in turn."""
    users = [f"user-{number:03}" for number in range(4 * LIMITS_PER_PASS)]
    for user in users:
        client.submit(user, Question("q?"))
    maintenance = Maintenance(broker, lambda _lost: None)
    maintenance.run_once()
    with counted_round_trips(connection) as trips:
        maintenance.run_once()
    assert trips[0] < 10 * LIMITS_PER_PASS
    for user in users:  # as if every one of them had ended without freeing its slot
        connection.delete(*(Job.key_for(view.id) for view in client.list_jobs(user).jobs))
    for _ in range(len(users) // LIMITS_PER_PASS):
        maintenance.run_once()
    assert RateLimitRegistry.all(connection) == []
