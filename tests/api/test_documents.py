"""Documents over HTTP: the limits and words of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis
from fastapi.testclient import TestClient

from jobs.documents.repository import DocumentRepository
from jobs.settings import Settings
from ui.api import documents

TEXT = b"# Travel\n\nThe limit is EUR 160.\n"


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(max_upload_mb=1)


def add(http: TestClient, name: str = "travel.md", data: bytes = TEXT) -> tuple[int, dict]:  # type: ignore[type-arg]
    response = http.post("/documents", files={"file": (name, data)})
    return response.status_code, response.json()


def test_document_is_added_once_listed_and_deleted(http: TestClient) -> None:
    """201 for a new one, 200 for the same content again; after deletion it is gone."""
    status, document = add(http)
    assert (status, document["name"], document["status"]) == (201, "travel.md", "queued")
    assert (document["size"], document["added_at"][-1]) == (len(TEXT), "Z")
    again, same = add(http, "copy.md")
    assert (again, same["id"], same["name"]) == (200, document["id"], "travel.md")
    listed = http.get("/documents").json()["documents"]
    assert [each["id"] for each in listed] == [document["id"]]
    path = f"/documents/{document['id']}"
    assert http.get(path).json()["id"] == document["id"]
    assert http.delete(path).status_code == 204
    for response in (http.get(path), http.delete(path)):
        assert (response.status_code, response.json()["error"]["kind"]) == (404, "not_found")


def test_document_says_what_it_came_with(http: TestClient, connection: redis.Redis) -> None:
    """And a mail or an archive which documents were in it."""
    _, document = add(http)
    assert "came_with" not in document
    assert document["contents"] == []
    register = DocumentRepository(connection)
    register.update(document["id"], came_with="deal.zip", contents=("a", "b"))
    document = http.get(f"/documents/{document['id']}").json()
    assert (document["came_with"], document["contents"]) == ("deal.zip", ["a", "b"])


def test_document_says_how_many_passages_have_vectors(
    http: TestClient, connection: redis.Redis
) -> None:
    """`embedded` is a share; one that waits for none has all."""
    document = http.post("/documents", files={"file": ("notes.md", b"# Notes")}).json()
    assert document["embedded"] == 1.0
    DocumentRepository(connection).update(document["id"], passages=8, to_embed=2)
    assert http.get(f"/documents/{document['id']}").json()["embedded"] == 0.75


def test_document_has_its_notes(http: TestClient, connection: redis.Redis) -> None:
    """What was not read of it stands with it, one sentence each."""
    _, document = add(http)
    assert document["notes"] == []
    DocumentRepository(connection).update(document["id"], notes=("Page 2 holds no text.",))
    assert http.get(f"/documents/{document['id']}").json()["notes"] == ["Page 2 holds no text."]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("tool.exe", b"MZ", "of no kind that can be read"),
        ("empty.md", b"", "is empty"),
        ("large.md", b"x" * (1024 * 1024 + 1), "the most is 1 MB"),
    ],
)
def test_file_of_no_use_is_422_in_the_words_of_the_page(
    http: TestClient, name: str, data: bytes, words: str
) -> None:
    """The kind, emptiness and size are checked as on the page, and nothing is kept."""
    status, body = add(http, name, data)
    assert (status, body["error"]["kind"]) == (422, "invalid_upload")
    assert words in body["error"]["message"]
    assert http.get("/documents").json() == {"documents": [], "total": 0}


def test_upload_beyond_the_limit_is_not_read_to_its_end(http: TestClient) -> None:
    """A body that goes on and on is refused as soon as it is larger than any file may be."""
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.md"\r\n\r\n'
        for _ in range(64):
            sent += 1
            yield b"x" * 1024 * 1024

    response = http.post(
        "/documents",
        content=body(),
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert (response.status_code, response.json()["error"]["kind"]) == (413, "too_large")
    assert "the most is 1 mb" in response.json()["error"]["message"].lower()


def test_body_that_is_no_form_is_refused(http: TestClient) -> None:
    """Another media type, a broken form, and a form without the file."""
    plain = http.post("/documents", content=TEXT, headers={"Content-Type": "text/plain"})
    assert (plain.status_code, plain.json()["error"]["kind"]) == (415, "unsupported_media_type")
    for boundary in ("", "; boundary=x"):
        broken = http.post(
            "/documents",
            content=b"--y\r\nnonsense",
            headers={"Content-Type": f"multipart/form-data{boundary}"},
        )
        assert (broken.status_code, broken.json()["error"]["kind"]) == (422, "invalid_upload")
    other = http.post("/documents", files={"document": ("a.md", TEXT)})
    assert "field `file`" in other.json()["error"]["message"]


def test_form_limit_is_above_every_file_that_may_be_uploaded() -> None:
    """The framework's fixed limit never comes before MAX_UPLOAD_MB."""
    assert documents.MAX_FORM_BYTES > 100 * 1024**3
