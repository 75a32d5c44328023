"""Private documents over HTTP, and what random callers get to see of each other's."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from jobs.models import Citation
from jobs.questions.export import evaluation_lines
from jobs.settings import Settings
from tests.api.app import SIGNER
from tests.integration.inline_worker import InlineWorker, inline_worker
from ui.clients import Clients

TEXT = b"# Travel\n\nThe limit is EUR 160.\n"
CALLS = 1000
OFTEN = {
    **{"upload": 3, "ask": 6, "read": 3, "list": 2},
    **{"search": 2, "open": 3, "delete": 2, "status": 1},
}


@pytest.fixture
def cookies() -> list[dict[str, str]]:
    """The headers of four browsers."""
    return [{"Cookie": f"{SIGNER.cookie_name}={SIGNER.new_cookie()}"} for _ in range(4)]


def add(
    http: TestClient, headers: dict[str, str], name: str, data: bytes, **fields: str
) -> tuple[int, Any]:
    reply = http.post("/documents", files={"file": (name, data)}, data=fields, headers=headers)
    return reply.status_code, reply.json()


def test_private_document_is_unknown_to_other_callers(
    http: TestClient, cookies: list[dict[str, str]]
) -> None:
    """Only its owner lists, reads and deletes it; the same file can be shared beside it."""
    ann, bob, *_ = cookies
    status, mine = add(http, ann, "a.md", TEXT, visibility="private")
    assert (status, mine["visibility"]) == (201, "private")
    path = f"/documents/{mine['id']}"
    for stranger in (bob, {}):
        assert http.get("/documents", headers=stranger).json() == {"documents": [], "total": 0}
        assert http.get(path, headers=stranger).status_code == 404
        assert http.delete(path, headers=stranger).status_code == 404
    status, shared = add(http, bob, "b.md", TEXT)
    assert (status, shared["visibility"], shared["id"] == mine["id"]) == (201, "shared", False)
    assert http.delete(f"/documents/{shared['id']}", headers=ann).status_code == 403
    assert http.delete(path, headers=ann).status_code == 204


def test_caller_who_is_nobody_cannot_add_a_private_document(
    http: TestClient, cookies: list[dict[str, str]]
) -> None:
    """All who ask without a cookie are one user; a word that is no visibility is refused too."""
    status, reply = add(http, {}, "a.md", TEXT, visibility="private")
    assert (status, reply["error"]["kind"]) == (422, "invalid_upload")
    assert "needs an owner" in reply["error"]["message"]
    status, reply = add(http, cookies[0], "a.md", TEXT, visibility="secret")
    assert (status, reply["error"]["kind"]) == (422, "invalid_upload")
    assert "shared or private" in reply["error"]["message"]
    assert http.get("/documents", headers=cookies[0]).json() == {"documents": [], "total": 0}


def test_operator_deletes_any_document_by_its_id(
    http: TestClient,
    clients: Clients,
    use_clients: Callable[[Clients], None],
    cookies: list[dict[str, str]],
) -> None:
    """With the operators' password, without seeing the document; without it, not."""
    settings = clients.settings.model_copy(update={"dashboard_password": SecretStr("secret")})
    use_clients(replace(clients, settings=settings))
    _, mine = add(http, cookies[0], "a.md", TEXT, visibility="private")
    path = f"/operator/documents/{mine['id']}"
    assert http.delete(path).status_code == 401
    assert http.delete(path, auth=("", "secret")).status_code == 204
    assert http.delete(path, auth=("", "secret")).status_code == 404
    assert http.get("/documents", headers=cookies[0]).json() == {"documents": [], "total": 0}


def test_earlier_answer_has_its_time_and_can_be_declined(
    http: TestClient,
    clients: Clients,
    settings: Settings,
    cookies: list[dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`earlier_at` says when it was first given; `"cache": false` gets a new one."""
    with inline_worker(settings.model_copy(update={"cache": True}), monkeypatch) as worker:
        add(http, cookies[0], "a.txt", b"The limit for a hotel is EUR 160 a night.")

        def ask(**fields: object) -> dict[str, Any]:
            body = {"query": "What is the limit for a hotel?", **fields}
            reply = http.post("/chat", json=body, headers=cookies[0])
            worker.work()
            path = f"/result/{reply.json()['job_id']}"
            result: dict[str, Any] = http.get(path, headers=cookies[0]).json()
            return result

        first, second, third = ask(), ask(), ask(cache=False)
    assert "EUR 160" in first["result"]
    assert first["result"] == second["result"] == third["result"]
    assert ["earlier_at" in each for each in (first, second, third)] == [False, True, False]


@dataclass
class Crowd:
    """Several users who do random things, and what each of them has got.

    All documents speak of the same things, so that every question matches all of them. A private
    one has, in its text and in its name, a word of its owner that nobody else may ever get.
    """

    http: TestClient
    clients: Clients
    worker: InlineWorker
    users: list[dict[str, str]]
    random: random.Random
    got: Counter[int] = field(default_factory=Counter)
    private_ids: dict[str, int] = field(default_factory=dict)
    shared_ids: list[str] = field(default_factory=list)
    jobs: dict[str, int] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)

    def name(self, user: int) -> str:
        key, _, value = self.users[user]["Cookie"].partition("=")
        return SIGNER.user_of({key: value}) or ""

    def take(self, user: int, *texts: str) -> None:
        """What a user gets must have no other's word in it."""
        self.done["calls"] += 1
        for text in texts:
            for other in range(len(self.users)):
                if f"marker{other}x" in text:
                    assert other == user, (user, other, text[:2000])
                    self.got[user] += 1

    def call(self, user: int, method: str, path: str, **options: Any) -> Any:
        reply = self.http.request(method, path, headers=self.users[user], **options)
        assert reply.status_code < 500, reply.text
        self.take(user, reply.text)
        return reply

    def upload(self, user: int) -> None:
        number = self.random.randrange(4)
        is_private = self.random.random() < 0.6
        # Shared ones, and a private one of each, may have the same content.
        word = f"marker{user}x" if is_private and number else "nothing"
        text = f"The budget of project {number} is {number} million euros, says {word}."
        name = f"budget-{word}-{number}.txt"
        visibility = "private" if is_private else "shared"
        files = {"file": (name, text.encode())}
        reply = self.call(user, "POST", "/documents", files=files, data={"visibility": visibility})
        if is_private:
            self.private_ids[reply.json()["id"]] = user
        else:
            self.shared_ids.append(reply.json()["id"])
        if self.random.random() < 0.8:  # else it waits, and is read meanwhile
            self.worker.work("indexing")

    def ask(self, user: int) -> None:
        question = self.random.choice(
            ["What is the budget?", "How many million euros?", "Which project has a budget?"]
        )
        chosen = self.random.sample(self.ids(), min(len(self.ids()), self.random.choice([0, 0, 2])))
        body = {"query": question, "documents": chosen}
        reply = self.call(user, "POST", "/chat", json=body)
        if any(self.private_ids.get(each, user) != user for each in chosen):
            assert reply.json()["error"]["kind"] == "unknown_documents"
        if reply.status_code == 202:
            self.jobs[reply.json()["job_id"]] = user
            self.worker.work("questions")
            self.read(user, reply.json()["job_id"])

    def read(self, user: int, job_id: str) -> None:
        """A job as a program gets it, and as the pages do: export, pictures, original."""
        result = self.call(user, "GET", f"/result/{job_id}")
        if self.jobs.get(job_id) != user:
            assert result.status_code == 404
            return
        name = self.name(user)
        self.take(user, *evaluation_lines(self.clients.jobs, name, [job_id]))
        for cited in result.json().get("citations", ()):
            citation = Citation(**cited)
            if self.clients.pictures.has_original(citation.document_id, citation.document_name):
                data = b"".join(
                    self.clients.pictures.original(citation.document_id, citation.document_name)
                )
                self.take(user, data.decode())

    def do_anything(self) -> None:
        user, others = self.random.randrange(len(self.users)), self.random
        match others.choices(list(OFTEN), list(OFTEN.values()))[0]:
            case "upload":
                self.upload(user)
            case "ask":
                self.ask(user)
            case "read" if self.jobs:
                self.read(user, others.choice(list(self.jobs)))
            case "list":
                self.call(user, "GET", "/documents")
                self.take(user, repr(self.clients.documents.list_documents(self.name(user))))
            case "search":
                self.call(user, "GET", "/jobs", params={"search": others.choice(["", "budget"])})
            case "open" if self.ids():
                self.open(user, others.choice(self.ids()))
            case "delete" if self.ids():
                self.delete(user, others.choice(self.ids()))
            case _:
                self.call(user, "GET", "/ready")
                self.take(user, repr(self.clients.dead_letters.list_failed()))

    def open(self, user: int, document_id: str) -> None:
        reply = self.call(user, "GET", f"/documents/{document_id}")
        if self.private_ids.get(document_id, user) != user:
            assert reply.status_code == 404
        self.take(user, repr(self.clients.documents.find(self.ids(), self.name(user))))

    def delete(self, user: int, document_id: str) -> None:
        reply = self.call(user, "DELETE", f"/documents/{document_id}")
        if self.private_ids.get(document_id, user) != user:
            assert reply.status_code == 404
        if reply.status_code == 204 and self.random.random() < 0.5:
            self.worker.work("indexing")

    def ids(self) -> list[str]:
        return [*self.private_ids, *self.shared_ids]


def test_nothing_private_ever_gets_to_another(
    http: TestClient,
    clients: Clients,
    settings: Settings,
    cookies: list[dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a thousand random calls no user gets a word of another's private documents."""
    with inline_worker(settings, monkeypatch) as worker:
        crowd = Crowd(http, clients, worker, cookies, random.Random(5))
        while crowd.done["calls"] < CALLS:
            crowd.do_anything()
    # Each has got own words many times: there was something to leak.
    assert all(crowd.got[user] > 20 for user in range(len(cookies))), crowd.got
