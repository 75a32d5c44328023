"""The files of the embedded index: whole after a kill, of one process, damaged, half made."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from jobs.errors import IndexDiskFullError, IndexUnavailableError
from jobs.models import Passage
from jobs.search import edge_shard
from jobs.search.edge_engine import EdgeEngine
from jobs.search.edge_errors import edge_errors
from jobs.search.engine import Entry, Scope
from jobs.search.index import KEYWORD_COLLECTION, build_index
from jobs.search.points import passage_id
from jobs.settings import Settings

NAME = KEYWORD_COLLECTION
ROUNDS = 3
SIZE = 40
# Stores one document after the other, of `SIZE` passages each, and says so of each; every third
# is deleted again.
VICTIM = f"""
import itertools, sys
from pathlib import Path
from jobs.models import Passage
from jobs.search.index import KEYWORD_COLLECTION, build_index
from jobs.search.points import passage_id
from jobs.settings import Settings
settings = Settings(_env_file=None, data_dir=Path(sys.argv[1]), qdrant_url="", openai_api_key="")
index = build_index(settings, None)
index.ensure_collection(KEYWORD_COLLECTION)
for number in itertools.count(int(sys.argv[2])):
    name = f"d{{number}}"
    index.upsert(
        KEYWORD_COLLECTION,
        [Passage(passage_id(name, n), name, name, f"{{name}} passage{{n}}") for n in range({SIZE})],
        None,
    )
    print("stored", number, flush=True)
    if number % 3 == 0:
        index.delete_document(name, KEYWORD_COLLECTION)
        print("deleted", number, flush=True)
"""


def kill_while_it_writes(folder: Path, rounds: int, moments: random.Random) -> int:
    """Kill so many processes, each at some moment of its writing; check what each had said.

    Returns how many documents were stored.
    """
    settings = Settings(_env_file=None, data_dir=folder, qdrant_url="", openai_api_key="")
    said: dict[int, str] = {}
    for round_ in range(rounds):
        command = [sys.executable, "-c", VICTIM, str(folder), str(1_000_000 * round_)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as victim:
            assert victim.stdout is not None
            lines = [victim.stdout.readline()]
            threading.Timer(moments.uniform(0.0, 1.0), victim.kill).start()
            lines += victim.stdout
        assert victim.returncode == -signal.SIGKILL
        said |= {int(number): what for what, number in map(str.split, lines)}
        if max(said) % 3 == 0 and said[max(said)] == "stored":
            del said[max(said)]  # its deletion may have begun
        with closing(build_index(settings, None)) as index:
            for number, what in said.items():
                kept = index.count(KEYWORD_COLLECTION, f"d{number}")
                if what == "deleted":
                    assert kept == 0
                else:
                    assert kept == SIZE
                    terms = {f"d{number}": 1.0, "passage7": 1.0}
                    [found] = index.by_words(terms, 1, KEYWORD_COLLECTION)
                    assert found.text == f"d{number} passage7"
    return len(said)


def test_killed_worker_loses_nothing_that_was_stored(tmp_path: Path) -> None:
    """Killed at a random moment, again and again: what it had said is stored or deleted is."""
    assert kill_while_it_writes(tmp_path, ROUNDS, random.Random(14)) > 0


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EdgeEngine]:
    made = EdgeEngine(tmp_path / "index")
    made.create(NAME, None)
    made.upsert(NAME, [entry(number) for number in range(SIZE)])
    yield made
    made.close()


def entry(number: int) -> Entry:
    passage = Passage(passage_id("d", number), "d", "d.md", f"Passage {number}")
    return Entry(passage, ["hotel", f"word{number}"])


def search(engine: EdgeEngine) -> list[Passage]:
    return engine.by_words(NAME, {"hotel": 1.0}, Scope(), 5)


def test_second_process_is_told_that_the_index_is_in_use(engine: EdgeEngine) -> None:
    """By a lock of the folder, whatever collections are in it; it is free when it is closed."""
    with pytest.raises(IndexUnavailableError, match="another worker process"):
        EdgeEngine(engine._folder)
    engine.close()
    EdgeEngine(engine._folder).close()


def test_damaged_index_says_what_to_do(engine: EdgeEngine) -> None:
    """Which folder to delete, and that nothing else is lost; the folder is free afterwards."""
    engine.close()
    for damage, pattern in ((b"", "segment.json"), (b"", "status.dat"), (b"?" * 99, "*.mappings")):
        path = next((engine._folder / NAME).rglob(pattern))
        whole = path.read_bytes()
        path.write_bytes(damage)
        with pytest.raises(IndexUnavailableError, match=f"{NAME} cannot be opened.*delete that"):
            EdgeEngine(engine._folder)
        path.write_bytes(whole)
    EdgeEngine(engine._folder).close()


def test_half_made_and_half_removed_collections_are_no_damage(engine: EdgeEngine) -> None:
    """Whoever made or removed one was killed: the rest of it goes, and it can be made again."""
    folder = engine._folder
    engine.close()
    (folder / NAME).rename(folder / f".{NAME}")
    (folder / ".other").mkdir()
    opened = EdgeEngine(folder)
    assert opened.collections() == set()
    assert [path.name for path in folder.iterdir()] == [".lock"]
    opened.create(NAME, None)
    assert opened.count(NAME) == 0
    opened.close()


def test_collection_is_dropped_while_others_read_it(engine: EdgeEngine) -> None:
    """A search that has begun ends as it would; a later one says that it is gone."""
    stop = threading.Event()

    def read_on() -> None:
        while not stop.is_set():
            try:
                assert len(search(engine)) == 5
            except IndexUnavailableError:
                return

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read_on) for _ in range(4)]
        try:
            search(engine)
            engine.drop(NAME)
        finally:
            stop.set()
        for reader in readers:
            reader.result()
    with pytest.raises(IndexUnavailableError):
        search(engine)


def test_nothing_is_written_where_the_disk_is_nearly_full(
    engine: EdgeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system would end the process. What is there is found, and can be deleted a while on."""
    free = edge_shard.shutil.disk_usage(engine._folder).free
    monkeypatch.setattr(edge_shard, "SPARE_BYTES", 2 * free)
    with pytest.raises(IndexDiskFullError):
        engine.upsert(NAME, [entry(SIZE)])
    with pytest.raises(IndexDiskFullError):
        engine.create("other", None)
    assert len(search(engine)) == 5
    engine.delete_document(NAME, "d")
    assert engine.count(NAME) == 0


@pytest.mark.parametrize(
    "words", ["No space left on device", "WAL: Os { code: 28 } (os error 28)", "(os error 122)"]
)
def test_full_disk_is_told_from_other_errors(words: str) -> None:
    """By its words: the engine has no class for it."""
    with pytest.raises(IndexDiskFullError), edge_errors("It failed."):
        raise Exception(words)
    with (
        pytest.raises(IndexUnavailableError, match=r"It failed. \(os error 2\)") as raised,
        edge_errors("It failed."),
    ):
        raise Exception("os error 2")
    assert type(raised.value) is IndexUnavailableError


def test_client_of_a_server_is_not_imported() -> None:
    """A worker with an embedded index would take a third longer to start."""
    code = "import sys, jobs.worker.process, jobs.tasks; sys.exit('qdrant_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_own_mistakes_are_not_taken_for_errors_of_the_engine() -> None:
    """Only its plain exceptions are."""
    with pytest.raises(KeyError), edge_errors("It failed."):
        raise KeyError
