"""Nobody gets at what is another's: thousands of random calls, by the pages' clients and the API.

Every question, answer, batch and key carries a word of its owner. No reply to anybody else may hold
it, and what is another's is refused in the same words as what does not exist.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import redis
from fastapi.testclient import TestClient

from jobs.access.api_keys import Scope
from jobs.batches.spreadsheet import lines_of, pasted_sheet
from jobs.errors import AskqueueError, BadApiKeyError, NotFoundError
from jobs.models import Answer, Citation, Feedback, JobState, LiveText, Question
from jobs.questions.query import JobQuery
from jobs.queue.broker import Broker
from jobs.queue.retry_policy import History, after_error
from jobs.settings import Settings
from jobs.webhooks.client import Event
from tests.api.app import SIGNER
from tests.integration.test_history import Desk
from ui.clients import Clients, build_clients

USERS = ("b-ann", "b-bob", "b-eve")
CLIENT_CALLS, API_CALLS = 9_000, 1_000
NOBODYS = "0" * 32
SEED = 20_261_127


def word(user: str) -> str:
    """What only this user's things say."""
    return f"{user.removeprefix('b-')}swort".capitalize()


@dataclass
class World:
    """Three users with questions in every state, batches and keys; and whose is what."""

    clients: Clients
    desk: Desk
    owners: dict[str, str] = field(default_factory=dict)  # of questions, batches and keys
    questions: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)  # questions whose deletion can be undone
    batches: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    webhooks: list[str] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    # How something that never was is refused, by the call and whose it is.
    refusals: dict[tuple[str, ...], tuple[object, str]] = field(default_factory=dict)

    def fill(self) -> None:
        for user in USERS:
            for number in range(2):
                self.own(user, self.questions, self.ask(user, f"waiting {number}"))
                self.own(user, self.questions, self.finished(user, f"finished {number}"))
            self.own(user, self.questions, self.failed(user))
            stopped = self.ask(user, "stopped")
            self.clients.jobs.stop(user, stopped)
            self.own(user, self.questions, stopped)
            deleted = self.finished(user, "deleted")
            self.clients.jobs.delete(user, deleted)
            self.own(user, self.deleted, deleted)
            sheet = pasted_sheet(f"{word(user)} one?\n{word(user)} two?")
            lines = lines_of(f"{word(user)}.csv", sheet, 0, header_row=None)
            self.own(user, self.batches, self.clients.batches.submit(user, lines).id)
            key, self.secrets[user] = self.clients.keys.create(user, word(user), Scope)
            self.own(user, self.keys, key.id)
            address = f"http://127.0.0.1:9/{word(user)}"
            webhook, _ = self.clients.webhooks.create(user, address, list(Event))
            self.own(user, self.webhooks, webhook.id)
            token = user.removeprefix("b-")
            self.cookies[user] = str(SIGNER._serializer.dumps(token))

    def own(self, user: str, kind: list[str], name: str) -> None:
        self.owners[name] = user
        kind.append(name)

    def ask(self, user: str, text: str) -> str:
        return self.clients.jobs.submit(user, Question(f"{word(user)} {text}?")).id

    def finished(self, user: str, text: str) -> str:
        job_id = self.ask(user, text)
        passage = f"{word(user)} says so."
        citation = Citation(1, "d1", "travel.md", "p1", passage)
        self.desk.answer(job_id, Answer(f"{word(user)}: yes [1].", citations=(citation,)))
        self.clients.jobs.give_feedback(user, job_id, Feedback(True, word(user)))
        return job_id

    def failed(self, user: str) -> str:
        job_id = self.ask(user, "failed")
        attempt, worker = self.desk._begin(job_id)
        error = BadApiKeyError(f"{word(user)} broke it.")
        assert self.desk.attempts.end(attempt, worker, after_error(error, History()), error)
        return job_id


@pytest.fixture
def world(
    connection: redis.Redis,
    make_settings: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    # The connection of the test, which is closed when it ends.
    monkeypatch.setattr("ui.clients.connect", lambda _url: connection)
    settings = make_settings(user_concurrency=1000, webhook_allowed_hosts="127.0.0.1")
    clients = build_clients(settings)
    made = World(clients, Desk(clients.jobs, Broker(connection, settings)))
    made.fill()
    return made


@pytest.fixture
def http(
    world: World,
    use_clients: Callable[[Clients], None],
    caller_at: Callable[[str], TestClient],
) -> TestClient:
    use_clients(world.clients)
    return caller_at("testserver")


def assert_no_leak(user: str, reply: object, call: object) -> None:
    """A reply says nothing of anybody else, in whatever form."""
    said = repr(reply)
    for other in USERS:
        if other != user:
            assert word(other) not in said, (user, call)
            assert other not in said, (user, call)


# What pages do with one question, one batch and one key that somebody names, and with all of one's.
OF_A_QUESTION: dict[str, Callable[[Clients, str, str], object]] = {
    "get": lambda c, user, name: c.jobs.get_job(user, name),
    "answer": lambda c, user, name: c.jobs.get_answer(user, name),
    "partial": lambda c, user, name: c.jobs.get_partial_text(user, name),
    "live": lambda c, user, name: c.jobs.read_live(user, LiveText(name)),
    "wait": lambda c, user, name: c.jobs.wait(user, name, 0),
    "retry": lambda c, user, name: c.jobs.retry(user, name),
    "stop": lambda c, user, name: c.jobs.stop(user, name),
    "urgent": lambda c, user, name: c.jobs.make_urgent(user, name),
    "delete": lambda c, user, name: c.jobs.delete(user, name),
    "undo": lambda c, user, name: c.jobs.undo_deletion(user, name),
    "feedback": lambda c, user, name: c.jobs.give_feedback(user, name, Feedback(False, "no")),
    "versions": lambda c, user, name: c.jobs.list_versions(user, c.jobs.get_job(user, name)),
    "earlier": lambda c, user, name: c.jobs.list_earlier(user, c.jobs.get_job(user, name)),
}
OF_A_BATCH: dict[str, Callable[[Clients, str, str], object]] = {
    "get": lambda c, user, name: c.batches.get(user, name),
    "header": lambda c, user, name: c.batches.header(user, name),
    "rows": lambda c, user, name: c.batches.rows(user, name),
    "results": lambda c, user, name: list(c.batches.results(user, name)),
    "pause": lambda c, user, name: c.batches.pause(user, name),
    "resume": lambda c, user, name: c.batches.resume(user, name),
    "stop": lambda c, user, name: c.batches.stop(user, name),
    "retry": lambda c, user, name: c.batches.retry_failed(user, name),
    "delete": lambda c, user, name: c.batches.delete(user, name),
}
OF_A_WEBHOOK: dict[str, Callable[[Clients, str, str], object]] = {
    "get": lambda c, user, name: c.webhooks.get(user, name),
    "deliveries": lambda c, user, name: c.webhooks.deliveries(user, name),
    "test": lambda c, user, name: c.webhooks.test(user, name),
    "resend": lambda c, user, name: c.webhooks.resend(user, name, NOBODYS),
    "delete": lambda c, user, name: c.webhooks.delete(user, name),
}
OF_ALL: dict[str, Callable[[Clients, str, list[str]], object]] = {
    "list": lambda c, user, _names: c.jobs.list_jobs(user),
    "search": lambda c, user, _names: c.jobs.list_jobs(user, JobQuery("swort")),
    "find": lambda c, user, _names: c.jobs.read_jobs(user, c.jobs.find_jobs(user, JobQuery())),
    "read": lambda c, user, names: c.jobs.read_jobs(user, names),
    "export": lambda c, user, names: c.jobs.answers_of(user, names),
    "after": lambda c, user, _names: c.jobs.list_after(user, JobQuery()),
    "batches": lambda c, user, _names: c.batches.list_batches(user),
    "keys": lambda c, user, _names: c.keys.list_keys(user),
    "webhooks": lambda c, user, _names: c.webhooks.list_webhooks(user),
}


def expect_not_found(world: World, target: str, call: Callable[[str], object], *key: str) -> None:
    """Refused, and in the words in which something that never was is refused to this user."""
    if key not in world.refusals:
        world.refusals[key] = refusal(call, NOBODYS)
    assert refusal(call, target) == world.refusals[key]


def refusal(call: Callable[[str], object], name: str) -> tuple[object, str]:
    with pytest.raises(NotFoundError) as error:
        call(name)
    return error.value.kind, str(error.value)


def call_client(world: World, chance: random.Random) -> bool:
    """One random call by a random user, on one thing of somebody, or on all that is theirs.

    False if none was made, because it would take away what is looked for.
    """
    user = chance.choice(USERS)
    kind = chance.choice(("question", "question", "batch", "webhook", "key", "all", "follow"))
    if kind == "all":
        name, ask_all = chance.choice(list(OF_ALL.items()))
        assert_no_leak(user, ask_all(world.clients, user, world.questions), name)
        return True
    if kind == "follow":
        return follow(world, chance, user)
    if kind == "key":
        target = chance.choice(world.keys)
        if world.owners[target] == user:
            return False
        expect_not_found(
            world, target, lambda name: world.clients.keys.revoke(user, name), "key", user
        )
        return True
    calls, targets = {
        "question": (OF_A_QUESTION, world.questions),
        "batch": (OF_A_BATCH, world.batches),
        "webhook": (OF_A_WEBHOOK, world.webhooks),
    }[kind]
    name, ask = chance.choice(list(calls.items()))
    target = chance.choice(world.deleted if name == "undo" else targets)
    if world.owners[target] != user:
        expect_not_found(
            world, target, lambda target: ask(world.clients, user, target), kind, name, user
        )
        return True
    if name in ("delete", "undo"):
        return False
    try:
        assert_no_leak(user, ask(world.clients, user, target), name)
    except AskqueueError as error:
        assert_no_leak(user, (str(error), error.failure), name)
    return True


def follow(world: World, chance: random.Random, user: str) -> bool:
    """Follow up, or ask again, somebody's question: another's cannot be told from nothing."""
    target = chance.choice(world.questions)
    if world.owners[target] == user:
        return False
    role = chance.choice(("follows", "version_of"))
    before = world.clients.jobs.count_jobs(user)
    text = f"{word(user)} and then?"
    expect_not_found(
        world,
        target,
        lambda name: world.clients.jobs.submit(user, Question(text, **{role: name})),
        *(role, user),
    )
    assert world.clients.jobs.count_jobs(user) == before
    return True


def test_clients_of_the_pages_leak_nothing(world: World) -> None:
    """Random calls by three users: theirs alone, and what is another's is not found."""
    chance = random.Random(SEED)
    before = states(world)
    made = 0
    while made < CLIENT_CALLS:
        made += call_client(world, chance)
    assert len(before) == len(states(world))
    for name in world.deleted:  # nobody else brought it back
        with pytest.raises(NotFoundError):
            world.clients.jobs.get_job(world.owners[name], name)


def states(world: World) -> dict[str, JobState]:
    return {
        name: world.clients.jobs.get_job(world.owners[name], name).state for name in world.questions
    }


PATHS = [
    ("GET", "/job-status/{question}"),
    ("GET", "/result/{question}"),
    ("GET", "/jobs/{question}/events"),
    ("POST", "/jobs/{question}/retry"),
    ("POST", "/jobs/{question}/stop"),
    ("POST", "/jobs/{question}/urgent"),
    ("DELETE", "/jobs/{question}"),
    ("GET", "/batches/{batch}"),
    ("GET", "/batches/{batch}/results"),
    ("GET", "/batches/{batch}/results?format=csv"),
    ("GET", "/batches/{batch}/results?format=xlsx"),
    ("GET", "/jobs/{question}/file?format=md"),
    ("POST", "/batches/{batch}/pause"),
    ("POST", "/batches/{batch}/resume"),
    ("POST", "/batches/{batch}/stop"),
    ("POST", "/batches/{batch}/retry"),
    ("DELETE", "/batches/{batch}"),
    ("GET", "/webhooks/{webhook}"),
    ("GET", "/webhooks/{webhook}/deliveries"),
    ("POST", "/webhooks/{webhook}/test"),
    ("DELETE", "/webhooks/{webhook}"),
]
LISTS = ["/jobs", "/jobs/export", "/jobs?q=swort", "/jobs?limit=3", "/batches", "/webhooks"]


def test_api_leaks_nothing(world: World, http: TestClient) -> None:
    """The same over the API, by key or cookie: what is another's is answered as what never was."""
    chance = random.Random(SEED)
    documented = http.get("/openapi.json").json()["paths"]
    for method, path in PATHS:  # none of them is a 404 of its own
        name = path.partition("?")[0].replace("{question}", "{job_id}")
        name = re.sub(r"{(batch|webhook)}", r"{\1_id}", name)
        assert method.lower() in documented[name], path
    made = 0
    while made < API_CALLS:
        made += call_api(world, http, chance)


def call_api(world: World, http: TestClient, chance: random.Random) -> bool:
    """One random request; False if none was made, because it would delete, or wait for an end."""
    user = chance.choice(USERS)
    headers = {"Authorization": f"Bearer {world.secrets[user]}"}
    if chance.random() < 0.5:
        headers = {"Cookie": f"{SIGNER.cookie_name}={world.cookies[user]}"}
    if chance.random() < 0.2:
        listed = http.get(chance.choice(LISTS), headers=headers)
        assert listed.status_code == 200, listed.text
        assert word(user) in listed.text or "q=" in str(listed.url)
        assert_no_leak(user, listed.text, "list")
        return True
    method, path = chance.choice(PATHS)
    kinds = {"{batch}": world.batches, "{webhook}": world.webhooks}
    targets = next((kinds[kind] for kind in kinds if kind in path), world.questions)
    target = chance.choice(targets)
    if world.owners[target] == user:
        if method == "DELETE" or "events" in path:
            return False
        own = http.request(method, _named(path, target), headers=headers)
        assert own.status_code in (200, 201, 202, 204, 409, 429), own.text
        assert_no_leak(user, own.text, path)
        return True
    theirs = http.request(method, _named(path, target), headers=headers)
    key = (method, path, user, *headers)
    if key not in world.refusals:
        never = http.request(method, _named(path, NOBODYS), headers=headers)
        world.refusals[key] = (never.status_code, never.text)
        assert json.loads(never.text)["error"]["kind"] == "not_found"
    assert (theirs.status_code, theirs.text) == world.refusals[key], path
    assert theirs.status_code == 404, path
    return True


def test_id_of_anothers_question_cannot_be_asked_under(world: World) -> None:
    """Whoever submits under the id of another's question learns nothing, and changes nothing."""
    theirs = next(name for name in world.questions if world.owners[name] == "b-ann")
    before = world.clients.jobs.get_job("b-ann", theirs)
    with pytest.raises(NotFoundError):
        world.clients.jobs.submit("b-eve", Question(f"{word('b-eve')}?"), job_id=theirs)
    assert world.clients.jobs.get_job("b-ann", theirs) == before
    assert theirs not in world.clients.jobs.find_jobs("b-eve", JobQuery())


def _named(path: str, name: str) -> str:
    return re.sub(r"{\w+}", name, path)
