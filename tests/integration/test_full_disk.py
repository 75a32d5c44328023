"""A full disk under the uploads, or under the embedded index: one document fails, the rest stays.

No root is needed: uploads fail by a limit on the size of files. The index maps its files into
memory, and writes only where there is much room: here it wants more than there can be.
"""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.cancellation import Cancellation
from jobs.errors import DocumentStoreFullError, IndexDiskFullError
from jobs.models import DocumentStatus
from jobs.queue.broker import Broker
from jobs.search import edge_shard
from jobs.settings import Settings
from tests.integration.processes import ROOT, environment, module
from tests.integration.test_documents import Desk
from ui.clients import build_clients

USER = "ann"
SMALL = b"# Travel policy\n\nThe hotel limit is EUR 160 per night in every city.\n"
LARGE = b"\n\n".join(
    b"Rule %d of the parking policy: space %d belongs to car %d. " % (number, number, number) * 5
    for number in range(400)
)


def test_upload_to_a_full_disk_is_refused_and_leaves_nothing(
    settings: Settings, broker: Broker, tmp_path: Path
) -> None:
    """The sentence says what to do; there is no part of the file, no folder and no entry."""
    clients = build_clients(settings)
    kept, _ = clients.documents.add(USER, "travel.md", SMALL)
    path = tmp_path / "parking.md"
    path.write_bytes(LARGE)

    def add() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            module("jobs.cli", "documents", "add", str(path)),
            cwd=ROOT,
            env=environment(redis_url=settings.redis_url, data_dir=settings.data_dir),
            capture_output=True,
            text=True,
            preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_FSIZE, (len(LARGE) // 2, resource.RLIM_INFINITY)
            ),
        )

    refused = add()
    assert refused.returncode != 0
    assert DocumentStoreFullError.message in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stderr
    assert [document.id for document in clients.documents.list_documents()] == [kept.id]
    stored = [item for item in (settings.data_dir / "documents").rglob("*") if item.is_file()]
    assert [item.parent.name for item in stored] == [kept.id]
    assert len(list((settings.data_dir / "documents").iterdir())) == 1


@pytest.fixture
def desk(broker: Broker, settings: Settings) -> Iterator[Desk]:
    made = Desk(broker, settings)
    yield made
    made.close()


def test_full_disk_under_the_index_fails_one_document_with_its_sentence(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is indexed is found all the same; when there is room, the failed one is indexed."""
    desk.use_model(None)
    desk.add("travel.md", SMALL)
    with monkeypatch.context() as patch:
        patch.setattr(edge_shard, "SPARE_BYTES", 2**62)
        failed, _ = desk.client.add(USER, "parking.md", LARGE)
        with pytest.raises(IndexDiskFullError, match="Free some space"):
            desk.indexer.index_document(failed.id, Cancellation())
        assert desk.found("What is the hotel limit per night?") == ["travel.md"]
    desk.indexer.index_document(failed.id, Cancellation())
    assert desk.client.get(failed.id).status is DocumentStatus.INDEXED
    assert desk.found("Which space of parking belongs to car 7?")[0] == "parking.md"
