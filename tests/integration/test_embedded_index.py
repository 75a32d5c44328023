"""The embedded Qdrant's files: fast to write, and whole after a kill."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from qdrant_client.local.persistence import CollectionPersistence

from jobs.search.index import KEYWORD_COLLECTION, build_index
from jobs.settings import Settings

COUNT = 300
# Stores passages, deletes half of them, and is killed before it closes anything.
VICTIM = f"""
import os, signal, sys
from pathlib import Path
from jobs.models import Passage
from jobs.search.index import KEYWORD_COLLECTION, build_index
from jobs.search.points import passage_id
from jobs.settings import Settings
settings = Settings(_env_file=None, data_dir=Path(sys.argv[1]), qdrant_url="", openai_api_key="")
index = build_index(settings, None)
index.ensure_collection(KEYWORD_COLLECTION)
passages = [
    Passage(passage_id(name, n), name, name, f"{{name}} passage {{n}}", 1, 1, position=n)
    for name in ("kept", "deleted") for n in range({COUNT})
]
index.upsert(KEYWORD_COLLECTION, passages, None)
index.delete_document("deleted", KEYWORD_COLLECTION)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_worker_loses_no_passage(settings: Settings) -> None:
    """What was stored is stored, and what was deleted stays away, though nothing was closed."""
    victim = subprocess.run([sys.executable, "-c", VICTIM, str(settings.data_dir)], check=False)
    assert victim.returncode == -signal.SIGKILL
    index = build_index(settings, None)
    try:
        assert index.count(KEYWORD_COLLECTION, "kept") == COUNT
        assert index.count(KEYWORD_COLLECTION, "deleted") == 0
    finally:
        index.close()


def test_writes_do_not_wait_for_the_disk(settings: Settings) -> None:
    """A wait for each passage would close the index to questions for seconds."""
    index = build_index(settings, None)
    index.ensure_collection(KEYWORD_COLLECTION)
    try:
        [file] = Path(settings.data_dir).rglob("*.sqlite")
        with closing(sqlite3.connect(file)) as storage:
            assert storage.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        [collection] = index._client._client.collections.values()  # type: ignore[attr-defined]
        assert collection.storage.storage.execute("PRAGMA synchronous").fetchone() == (1,)
    finally:
        index.close()


def test_index_of_an_earlier_version_is_read(settings: Settings) -> None:
    """Files that were written without the log are taken over as they are."""
    plain = settings.data_dir / "qdrant" / "collection" / "old"
    plain.mkdir(parents=True)
    with closing(sqlite3.connect(plain / "storage.sqlite")) as storage:
        storage.execute("CREATE TABLE points (id TEXT PRIMARY KEY, point BLOB)")
        storage.commit()
    build_index(settings, None).close()  # from here on, its way to open files
    opened = CollectionPersistence(str(plain))
    try:
        assert opened.storage.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert list(opened.load()) == []
    finally:
        opened.close()
