"""The fakes of the page tests have the signatures of what they stand in for."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from jobs.batches.client import BatchClient
from jobs.documents.client import DocumentClient
from jobs.documents.page_images import PageImages
from jobs.operations.client import Operations
from jobs.operations.failed_jobs import DeadLetters
from jobs.questions.client import JobClient
from tests.pages import fakes
from ui.clients import Clients

# What tests call to script a fake, or to look into it.
SCRIPTING = {"put", "change", "change_queue", "done"}


@pytest.mark.parametrize(
    ("fake", "client"),
    [
        (fakes.FakeJobs, JobClient),
        (fakes.FakeDocuments, DocumentClient),
        (fakes.FakePictures, PageImages),
        (fakes.FakeDeadLetters, DeadLetters),
        (fakes.FakeOperations, Operations),
        (fakes.FakeBatches, BatchClient),
        (fakes.FakeClients, Clients),
    ],
)
def test_fake_has_the_signatures_of_its_client(fake: type, client: type) -> None:
    """What a fake takes, by which names and with which defaults and types, its client takes."""
    real = methods_of(client)
    assert {
        name: signature(method)
        for name, method in methods_of(fake).items()
        if name not in SCRIPTING
    } == {name: signature(real[name]) for name in methods_of(fake) if name in real}


def methods_of(kind: type) -> dict[str, Callable[..., object]]:
    return {
        name: member
        for name, member in vars(kind).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }


def signature(method: Callable[..., object]) -> str:
    """Parameters and result as they are written: types are compared by their names."""
    return str(inspect.signature(method))
