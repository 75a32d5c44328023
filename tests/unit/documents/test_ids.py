"""Ids of documents, and whom they are for."""

from __future__ import annotations

import hashlib

import pytest

from jobs.documents.ids import document_id_of, is_visible, owner_digest, owner_part

DATA = b"The same file."


def test_same_file_of_two_owners_and_of_all_is_three_documents() -> None:
    """A shared one has the id that it always had; the others' say nothing of the content."""
    shared, ann, bob = (document_id_of(DATA, owner) for owner in ("", "ann", "bob"))
    assert shared == hashlib.sha256(DATA).hexdigest()
    assert len({shared, ann, bob, ann.partition("-")[0], bob.partition("-")[0]}) == 5
    assert document_id_of(DATA, "ann") == ann
    assert (owner_part(shared), owner_part(ann)) == ("", owner_digest("ann"))


@pytest.mark.parametrize(
    ("owner", "user", "visible"),
    [
        ("", "ann", True),
        ("", "", True),
        ("ann", "ann", True),
        ("ann", "bob", False),
        ("ann", "", False),
        ("ann", owner_digest("ann"), False),
        ("ann", "ann ", False),
    ],
)
def test_private_document_is_visible_to_its_owner_alone(
    owner: str, user: str, visible: bool
) -> None:
    """Everybody sees a shared one; nobody sees what belongs to somebody."""
    assert is_visible(document_id_of(DATA, owner), user) is visible


def test_ids_of_nobody_in_particular_are_shared() -> None:
    """Only what has the form of a private id is one, and an empty user owns nothing."""
    assert owner_part("d1") == owner_part("a" * 64) == owner_part("report-2026") == ""
    assert not is_visible(f"{'a' * 64}-{owner_digest('')}", "")
