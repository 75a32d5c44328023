"""How many sample questions the answer without a model has right, and what it quotes in vain.

python -m benchmarks.quoted_answers [--words] [--misses]

The sample documents are cut as for the index, and found by the search with the model of the
settings, by default the one in the process; with --words by words alone. An answer is right if one
of its quotes, three at most, holds the words of the answer in samples/questions.json; first right
if the first of them does. No sample answers the questions of `UNANSWERABLE`: any quote is wrong.
A question in two parts is right if each has its quote, or is named as missing.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.retrieval import CLOSE, Sample, flat, read_samples
from jobs.answering.citation_coverage import NOTHING_ABOUT
from jobs.answering.extractive import Extractive
from jobs.answering.likeness import likeness_of
from jobs.answering.sentence_ranking import Quote, best_quotes
from jobs.extraction.extract import extract
from jobs.llm.embeddings import build_embedder
from jobs.models import Passage
from jobs.search.analysis import terms_of
from jobs.search.edge_engine import EdgeEngine
from jobs.search.index import PassageIndex
from jobs.search.passage_context import contexts
from jobs.search.points import passage_id
from jobs.search.question_parts import split_question, take_turns
from jobs.settings import Settings

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
GROUPS = {
    "close to the documents": slice(CLOSE),
    "in the words of who asks": slice(CLOSE, None),
    # As many of each as in the trials of issue 14.
    "eleven and nineteen of them": slice(0),
}
# The first eight are of another place, year or world; the others come close.
UNANSWERABLE = (
    "What is the hotel limit in London?",
    "Who won the world cup of 1998?",
    "How many employees work in Prague?",
    "What was revenue in 2019?",
    "Does the canteen serve vegan food?",
    "How many pallet positions does the site in Lyon have?",
    "What is the capital of Australia?",
    "What is the daily allowance in Tokyo?",
    "What is the price of a Haldermere share today?",
    "What is the salary of the Chief Executive?",
    "What is the phone number of the works council?",
    "Who is the site manager in Prague?",
    "What is the mileage rate for motorcycles?",
    "How long is the probation period in Spain?",
    "Which bank granted the loan?",
    "What is the penalty for smoking in the office?",
    "When was the company founded?",
    "How many days of paternity leave do I get?",
    "Who supplies the shuttles in Venlo?",
    "What is the hotel limit in Tokyo per night?",
    "How much does parking in Hamburg cost?",
    "What colour are the trucks?",
    "What is the notice period in Italy?",
    "Who is the auditor's partner in Norway?",
)
SURE = 8
# They name a document that says nothing about it.
OF_A_DOCUMENT = (
    "What does the remote work policy say about pets?",
    "Does the travel and expense policy cover ski passes?",
    "What does the maintenance agreement say about solar panels?",
    "Which colour does the onboarding guide give for badges?",
    "What does the annual report say about football?",
)
# Of each part: words of the quote, or none if it has to be named as missing.
IN_PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Compare the hotel limit with the limit for meals.", ("EUR 160", "daily allowance")),
    ("What is the dividend for 2025, and when is it paid?", ("EUR 0.28", "4 June 2026")),
    ("What is the mileage rate, and how many characters must passwords have?", ("0.23", "14")),
    ("How does the hotel limit compare with the limit in Tokyo?", ("EUR 160", "")),
    ("Compare revenue in 2025 with revenue in 2019.", ("412.6", "")),
    ("What is the hotel limit and what is the price of a parking permit?", ("EUR 160", "")),
    ("Who chairs the Supervisory Board, and who won the world cup?", ("Achter", "")),
)


def read_documents(settings: Settings) -> tuple[list[Passage], list[list[str]]]:
    """The passages of the sample documents, and the terms by which each is found."""
    passages: list[Passage] = []
    terms: list[list[str]] = []
    for path in sorted(SAMPLES.iterdir()):
        if path.suffix == ".json":
            continue
        pieces = extract(path, path.name, settings).passages
        for number, (piece, context) in enumerate(
            zip(pieces, contexts(path.name, pieces), strict=True)
        ):
            passages.append(
                Passage(
                    passage_id(path.name, number),
                    path.name,
                    path.name,
                    piece.text,
                    page=piece.first_page,
                    last_page=piece.last_page,
                    position=number,
                    place=piece.place,
                    section=piece.section,
                )
            )
            terms.append(terms_of(f"{context}\n{piece.text}"))
    return passages, terms


def is_right(sample: Sample, quote: Quote) -> bool:
    return flat(sample.answer) in flat(quote.sentence)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--words", action="store_true", help="without an embedding model")
    parser.add_argument("--misses", action="store_true", help="print what was not right")
    options = parser.parse_args()
    settings, samples = Settings(), read_samples()
    embedder = None if options.words else build_embedder(settings)
    passages, terms = read_documents(settings)
    similarity = likeness_of(lambda: embedder) if embedder else None
    with tempfile.TemporaryDirectory() as folder:
        index = PassageIndex(EdgeEngine(Path(folder)), embedder)
        collection = index.target_collection
        index.ensure_collection(collection)
        texts = [f"{each.section}\n{each.text}".strip() for each in passages]
        index.upsert(collection, passages, embedder.embed(texts) if embedder else None, terms=terms)

        def quotes_of(question: str) -> Sequence[Quote]:
            found = index.search(question, settings.passages_per_answer, collection)
            return best_quotes(question, found, similarity)

        right: list[tuple[bool, bool]] = []
        for sample in samples:
            fits = [is_right(sample, quote) for quote in quotes_of(sample.question)]
            right.append((any(fits), bool(fits and fits[0])))
            if options.misses and not any(fits):
                print(f"    not right: {sample.question}")
        for group, chosen in GROUPS.items():
            some = right[chosen] or [*right[:CLOSE:4], *right[CLOSE:][:19]]
            print(
                f"{group}: {sum(any_ for any_, _ in some)} right, "
                f"{sum(first for _, first in some)} with the first quote, of {len(some)}"
            )
        wrong = [number for number, each in enumerate(UNANSWERABLE) if quotes_of(each)]
        print(f"no answer: {sum(n < SURE for n in wrong)} of {SURE} quoted in vain, ", end="")
        print(f"{len(wrong)} of all {len(UNANSWERABLE)}")
        for number in wrong if options.misses else ():
            print(f"    quoted in vain: {UNANSWERABLE[number]}")
        named = [each for each in OF_A_DOCUMENT if quotes_of(each)]
        print(f"names a document: {len(named)} of {len(OF_A_DOCUMENT)} quoted in vain")
        quoting, right_parts = Extractive(similarity), 0
        for question, expected in IN_PARTS:
            found = take_turns(
                [
                    index.search(part, settings.passages_per_answer, collection)
                    for part in split_question(question)
                ],
                settings.passages_per_answer,
            )
            said = [chunk.text.strip() for chunk in quoting.stream(question, found)]
            is_right_part = len(said) == len(expected) and all(
                (words or NOTHING_ABOUT) in text
                for words, text in zip(expected, said, strict=False)
            )
            right_parts += is_right_part
            if options.misses and not is_right_part:
                print(f"    not right: {question} {said}")
        print(f"in two parts: {right_parts} of {len(IN_PARTS)} right")
        index.close()


if __name__ == "__main__":
    main()
