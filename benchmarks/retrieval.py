"""How well keyword, dense and hybrid search find what answers the sample questions.

python -m benchmarks.retrieval [--minilm PYTHON] [--stand-in] [--misses]

Dense and hybrid search take the embedding model of the settings (EMBEDDING_MODEL,
EMBEDDING_BASE_URL, …), and are left out without one. With --minilm they take all-MiniLM-L6-v2,
served by benchmarks/embedding_server.py in another interpreter. With --stand-in they take hashed
bags of words instead: these know words, not meaning, and say nothing of what a model would do.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jobs.extraction.extract import extract
from jobs.llm.embeddings import Embedder, build_embedder
from jobs.models import Passage
from jobs.search.edge_engine import EdgeEngine
from jobs.search.index import PassageIndex
from jobs.search.points import passage_id
from jobs.settings import Settings
from tests.fakes import FakeModelServer

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
SERVER = Path(__file__).resolve().parent / "embedding_server.py"
DEPTH = 5
TIMEOUT_SECONDS = 120.0

# The first of the sample questions are close to the words of the documents.
CLOSE = 44
GROUPS = {
    "close to the documents": slice(CLOSE),
    "in the words of who asks": slice(CLOSE, None),
    "all": slice(None),
}

Search = Callable[[str], Sequence[Passage]]


@dataclass(frozen=True)
class Sample:
    """A question and where its answer stands; `page` is None for a format without pages."""

    question: str
    document: str
    page: int | None
    answer: str

    def is_on_page(self, passage: Passage) -> bool:
        """True for the right document and, where it has pages, the right page."""
        if passage.document_name != self.document:
            return False
        first, last = passage.page or 0, passage.last_page or passage.page or 0
        return self.page is None or first <= self.page <= last

    def is_answered_by(self, passage: Passage) -> bool:
        """True for a passage of that page that holds the words of the answer."""
        return self.is_on_page(passage) and flat(self.answer) in flat(passage.text)


@dataclass(frozen=True)
class Score:
    """Shares of all questions; MRR is the mean of 1/rank, 0 beyond the fifth."""

    hits: float
    mrr: float
    misses: tuple[str, ...]


def flat(text: str) -> str:
    return " ".join(text.split()).lower()


def read_samples() -> list[Sample]:
    entries = json.loads((SAMPLES / "questions.json").read_text(encoding="utf-8"))
    return [Sample(**entry) for entry in entries]


def read_passages(settings: Settings) -> list[Passage]:
    """The passages of the sample documents, as they are indexed."""
    passages = []
    for path in sorted(SAMPLES.iterdir()):
        if path.suffix != ".json":
            for number, item in enumerate(extract(path, path.name, settings).passages):
                passages.append(
                    Passage(
                        passage_id(path.name, number),
                        path.name,
                        path.name,
                        item.text,
                        page=item.first_page,
                        last_page=item.last_page,
                        position=number,
                    )
                )
    return passages


def score(
    samples: Sequence[Sample], search: Search, fits: Callable[[Sample, Passage], bool]
) -> Score:
    """How often one of the first five fits, and how early the first of them comes."""
    ranks: list[int | None] = []
    for sample in samples:
        found = search(sample.question)[:DEPTH]
        ranks.append(next((at for at, each in enumerate(found, 1) if fits(sample, each)), None))
    return Score(
        hits=sum(rank is not None for rank in ranks) / len(samples),
        mrr=sum(1 / rank for rank in ranks if rank) / len(samples),
        misses=tuple(
            sample.question for sample, rank in zip(samples, ranks, strict=True) if rank is None
        ),
    )


def keyword_search(folder: Path, passages: Sequence[Passage]) -> Search:
    index = PassageIndex(EdgeEngine(folder), None)
    collection = index.target_collection
    index.ensure_collection(collection)
    index.upsert(collection, passages, None)
    return lambda question: index.search(question, DEPTH, collection)


def embedding_searches(
    folder: Path, passages: Sequence[Passage], embedder: Embedder
) -> dict[str, Search]:
    index = PassageIndex(EdgeEngine(folder), embedder)
    collection = index.target_collection
    index.ensure_collection(collection)
    index.upsert(collection, passages, embedder.embed([each.text for each in passages]))

    def dense(question: str) -> list[Passage]:
        return index.by_vector(embedder.embed([question])[0], DEPTH, collection)

    return {"dense": dense, "hybrid": lambda question: index.search(question, DEPTH, collection)}


@contextmanager
def embedder_of(settings: Settings, minilm: str, *, stand_in: bool) -> Iterator[Embedder | None]:
    """The embedding model that the options ask for, or that of the settings."""
    if minilm:
        command = [minilm, str(SERVER)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            if not url:
                raise SystemExit(f"{minilm} could not serve the model.")
            try:
                yield Embedder(url, "", "all-MiniLM-L6-v2", TIMEOUT_SECONDS)
            finally:
                server.terminate()
    elif stand_in:
        with FakeModelServer() as stub:
            yield Embedder(stub.base_url, "", "hashed words, no model", TIMEOUT_SECONDS)
    else:
        yield build_embedder(settings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minilm", default="", metavar="PYTHON", help="one that has the model")
    parser.add_argument("--stand-in", action="store_true", help="hashed words as embeddings")
    parser.add_argument("--misses", action="store_true", help="print what was not found")
    options = parser.parse_args()
    settings, samples = Settings(), read_samples()
    passages = read_passages(settings)
    print(f"{len(samples)} questions, {len(passages)} passages, the first {DEPTH} found")
    with (
        tempfile.TemporaryDirectory() as name,
        embedder_of(settings, options.minilm, stand_in=options.stand_in) as embedder,
    ):
        searches = {"BM25": keyword_search(Path(name) / "keywords", passages)}
        if embedder is not None:
            kinds = embedding_searches(Path(name) / "dense", passages, embedder)
            searches |= {f"{kind} ({embedder.model})": each for kind, each in kinds.items()}
        for kind, search in searches.items():
            _report(kind, samples, search, with_misses=options.misses)
        if embedder is None:
            print("dense, hybrid: not measured, no embedding model is set")


def _report(kind: str, samples: Sequence[Sample], search: Search, *, with_misses: bool) -> None:
    for what, fits in (("page", Sample.is_on_page), ("answer", Sample.is_answered_by)):
        for group, chosen in GROUPS.items():
            result = score(samples[chosen], search, fits)
            print(f"{kind}, {what}, {group}: hit@{DEPTH} {result.hits:.3f}, MRR {result.mrr:.3f}")
        for question in result.misses if with_misses else ():
            print(f"    not found: {question}")


if __name__ == "__main__":
    main()
