"""Files that pages link to: whose they are, and how a browser is told to treat them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import redis
from fastapi.testclient import TestClient

from jobs.access.api_keys import ApiKey, ApiKeys, Scope
from jobs.models import Answer, Citation, Question
from jobs.queue.broker import Broker
from jobs.settings import Settings
from tests.api.app import SIGNER
from tests.integration.test_history import Desk
from ui.api import streams
from ui.clients import Clients

ANN, MALLORY = "b-ann", "b-mallory"
NAME = "Été “Q3”.html"
MB = 1024 * 1024
# As long as the other, and alike in the 64 KiB at the head, the middle and the tail.
OURS = b"<script>alert(1)</script>" + b"x" * (2 * MB)
THEIRS = OURS[:200_000] + b"secret" + OURS[200_006:]


def cookie_of(user: str) -> dict[str, str]:
    value = str(SIGNER._serializer.dumps(user.removeprefix("b-")))
    return {"Cookie": f"{SIGNER.cookie_name}={value}"}


@pytest.fixture
def put(
    clients: Clients, connection: redis.Redis, settings: Settings, http: TestClient
) -> Callable[[str, bytes], str]:
    """Store a file and an answer to this user that cites it; the id of the question."""
    desk = Desk(clients.jobs, Broker(connection, settings))

    def put_(user: str, data: bytes) -> str:
        document_id = "1" * 63 + ("a" if user == ANN else "b")
        clients.pictures._store.save(document_id, NAME, data)
        job_id = clients.jobs.submit(user, Question("What may it cost?")).id
        citation = Citation(1, document_id, NAME, "p1", "It says so.")
        desk.answer(job_id, Answer(f"For {user} [1].", citations=(citation,)))
        return job_id

    return put_


def files_of(job_id: str) -> list[str]:
    return [
        *(f"/jobs/{job_id}/file?format={kind}" for kind in ("pdf", "docx", "md")),
        f"/jobs/{job_id}/sources/1/original",
        f"/jobs/export?ids={job_id}",
    ]


def test_file_is_saved_and_not_shown(http: TestClient, put: Callable[[str, bytes], str]) -> None:
    """By its header, under its name in any script; nothing guesses its type, runs or keeps it."""
    for path in files_of(put(ANN, OURS)):
        reply = http.get(path, headers=cookie_of(ANN))
        assert reply.status_code == 200, path
        headers = reply.headers
        assert headers["content-disposition"].startswith("attachment; filename=")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["cache-control"] == "no-store"
        assert "html" not in headers["content-type"]
        assert "access-control-allow-origin" not in headers
    original = http.get(files_of(put(ANN, OURS))[3], headers=cookie_of(ANN))
    assert "%C3%89t%C3%A9%20%E2%80%9CQ3%E2%80%9D.html" in original.headers["content-disposition"]


def test_two_files_that_look_alike_are_two(
    http: TestClient, put: Callable[[str, bytes], str]
) -> None:
    """Length, head, middle, tail, type and name are the same; each user gets their own bytes."""
    ours, theirs = put(ANN, OURS), put(MALLORY, THEIRS)
    for user, job_id, data in ((ANN, ours, OURS), (MALLORY, theirs, THEIRS)):
        path = f"/jobs/{job_id}/sources/1/original"
        assert http.get(path, headers=cookie_of(user)).content == data


def test_address_of_anothers_file_is_not_found(
    http: TestClient, put: Callable[[str, bytes], str]
) -> None:
    """With another's cookie or none, it is answered as what never was; an export leaves it out."""
    theirs, never = files_of(put(ANN, OURS)), files_of("0" * 32)
    for headers in ({}, cookie_of(MALLORY), {"Cookie": f"{SIGNER.cookie_name}=forged"}):
        for path, nothing in zip(theirs, never, strict=True):
            reply = http.get(path, headers=headers)
            assert "export" in path or reply.status_code == 404, path
            assert reply.text == http.get(nothing, headers=headers).text


@pytest.mark.parametrize("number", ["0", "-1", "2", "1e3", "../1", "%2e%2e%2f1", "9" * 50])
def test_only_what_the_answer_cites_is_there(
    http: TestClient, put: Callable[[str, bytes], str], number: str
) -> None:
    """No number and no path leads to another file."""
    job_id = put(ANN, OURS)
    reply = http.get(f"/jobs/{job_id}/sources/{number}/original", headers=cookie_of(ANN))
    assert reply.status_code in (404, 422)


def test_key_needs_the_right_to_documents_for_an_original(
    clients: Clients, http: TestClient, put: Callable[[str, bytes], str]
) -> None:
    """A key that reads answers alone gets no file of a document."""
    path = f"/jobs/{put(ANN, OURS)}/sources/1/original"
    for scopes, code in (({Scope.READ}, 403), ({Scope.DOCUMENTS}, 403)):
        _, secret = clients.keys.create(ANN, "k", scopes)
        headers = {"Authorization": f"Bearer {secret}"}
        assert http.get(path, headers=headers).status_code == code
    _, secret = clients.keys.create(ANN, "k", {Scope.READ, Scope.DOCUMENTS})
    assert http.get(path, headers={"Authorization": f"Bearer {secret}"}).content == OURS


def test_export_is_of_what_is_chosen(http: TestClient, put: Callable[[str, bytes], str]) -> None:
    """These, or all but those, or what the filters keep."""
    first, second = put(ANN, OURS), put(ANN, OURS)

    def exported(query: str) -> set[str]:
        reply = http.get(f"/jobs/export?{query}", headers=cookie_of(ANN))
        return {json.loads(line)["job_id"] for line in reply.text.splitlines()}

    assert exported(f"ids={first}") == {first}
    assert exported(f"without={first}") == {second}
    assert exported("without=-") == {first, second}
    assert exported("state=failed") == set()


def test_gone_original_is_a_sentence(
    clients: Clients, http: TestClient, put: Callable[[str, bytes], str]
) -> None:
    job_id = put(ANN, OURS)
    clients.pictures._store.delete("1" * 63 + "a")
    reply = http.get(f"/jobs/{job_id}/sources/1/original", headers=cookie_of(ANN))
    assert reply.status_code == 404
    assert reply.json()["error"]["message"]


@pytest.mark.parametrize("range_", ["bytes=0-10", "bytes=0-99999999999999", "bytes=-1"])
def test_range_is_ignored(http: TestClient, put: Callable[[str, bytes], str], range_: str) -> None:
    """A file comes whole or not at all, however its parts are asked for."""
    path = f"/jobs/{put(ANN, OURS)}/sources/1/original"
    assert http.get(path, headers={**cookie_of(ANN), "Range": range_}).content == OURS
    assert http.head(path, headers=cookie_of(ANN)).status_code == 405


@pytest.mark.parametrize("which", [3, 4])
def test_reply_breaks_off_when_its_key_has_ended(
    http: TestClient,
    clients: Clients,
    put: Callable[[str, bytes], str],
    monkeypatch: pytest.MonkeyPatch,
    which: int,
) -> None:
    """Whoever reads slowly does not go on with a key that was revoked meanwhile."""
    path = files_of(put(ANN, OURS))[which]
    key, secret = clients.keys.create(ANN, "reads", list(Scope))
    headers = {"Authorization": f"Bearer {secret}"}
    whole = http.get(path, headers=headers).content
    monkeypatch.setattr(streams, "LOOK_SECONDS", 0.0)

    def revoked_meanwhile(keys: ApiKeys, _key: ApiKey) -> bool:
        keys.revoke(ANN, key.id)
        return False

    monkeypatch.setattr(ApiKeys, "is_alive", revoked_meanwhile)
    assert len(http.get(path, headers=headers).content) < len(whole)
