"""How well answers stand on what they should: passages found, pages cited, refusals.

    python -m benchmarks.answers FOLDER [--index-in DIR] [--chosen | --all]
        [--output RESULT.json] [--compare RESULT.json]

FOLDER has documents, in `pdfs/` or beside each other, and `questions.jsonl` (or a list in
`questions.json`): on each line a `question` and where its answer stands, `document` and `pages`, or
`words` of the passage; or `"none": true` if the documents don't answer it. A worker of the product
indexes, searches and answers, with the settings of the environment. With `--index-in`, the index is
kept for the next run. “Chosen” asks of the right document alone, “all” of all.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.answer_report import Asked, Result, compare, report
from benchmarks.corpus import QUESTION_FILES, Corpus, Keep, corpus_of, version
from jobs.question_sets.judging import document_rank_of, judge, rank_of
from jobs.question_sets.models import Expectation, SetQuestion
from jobs.question_sets.parsing import from_entries, parse_json

# So many passages of each search are looked at.
DEPTH = 20
MODES = ("chosen", "all")
REPORT_EVERY = 10


def read_questions(folder: Path) -> list[SetQuestion]:
    """The questions of a folder; in `questions.json`, answers are in the documents' own words."""
    for name in QUESTION_FILES:
        path = folder / name
        if path.exists():
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".json":
                return from_entries(
                    [{"words": each["answer"], **each} for each in json.loads(text)]
                )
            return parse_json(text)
    raise SystemExit(f"{folder} has no {QUESTION_FILES[0]}.")


def ask_all(
    corpus: Corpus, questions: Sequence[SetQuestion], mode: str, *, search_only: bool
) -> list[Asked]:
    """Search for each question, and ask it, one after the other."""
    asked = []
    for number, question in enumerate(questions, start=1):
        asked.append(_ask(corpus, question, mode, search_only=search_only))
        if number % REPORT_EVERY == 0:
            print(f"{mode}: {number} of {len(questions)} questions", file=sys.stderr)
    return asked


def _ask(corpus: Corpus, question: SetQuestion, mode: str, *, search_only: bool) -> Asked:
    expected = question.expected
    documents = corpus.named(expected.document) if mode == "chosen" and expected.document else []
    if expected.document and not corpus.named(expected.document):
        raise SystemExit(f"There is no document “{expected.document}” (question {question.id}).")
    found = corpus.search(question.text, DEPTH, documents)
    has_evidence = expected.kind is Expectation.EVIDENCE
    asked = Asked(
        id=question.id,
        question=question.text,
        expectation=expected.kind,
        rank=rank_of(expected, found.passages) if has_evidence else None,
        document_rank=document_rank_of(expected, found.passages) if has_evidence else None,
        search_ms=1000 * found.seconds,
        processor_ms=1000 * found.processor_seconds,
    )
    if search_only:
        return asked
    view, answer = corpus.ask(question.text, documents)
    if answer is None:
        asked.failure = view.failure.message if view.failure else view.state
        return asked
    asked.verdict = judge(expected, answer)
    asked.answer_ms = 1000 * (answer.timings.total - answer.timings.queue)
    asked.prompt_tokens = answer.tokens.prompt
    asked.completion_tokens = answer.tokens.completion
    return asked


def main() -> None:
    options = _options()
    questions = read_questions(options.folder)
    with ExitStack() as stack:
        data = options.index_in or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        corpus = stack.enter_context(corpus_of(options.folder, data, options.keep))
        result = Result(
            version=version(),
            settings=_settings_of(corpus),
            modes={
                mode: ask_all(corpus, questions, mode, search_only=options.search_only)
                for mode in options.modes
            },
        )
    print(report(result))
    if options.output:
        options.output.write_text(json.dumps(asdict(result), indent=1), encoding="utf-8")
    if options.compare:
        before = Result.from_dict(json.loads(options.compare.read_text(encoding="utf-8")))
        print(compare(before, result))


def _settings_of(corpus: Corpus) -> dict[str, Any]:
    settings = corpus.runtime.settings
    return {
        "chat_model": settings.chat_model if settings.has_chat_model else "",
        "embedding_model": settings.embedding_model_name,
        "passages_per_answer": settings.passages_per_answer,
        "collection": corpus.runtime.register.index_state().active,
        "documents": len(corpus.documents),
        "passages": sum(document.passages for document in corpus.documents),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--index-in", type=Path, metavar="DIR", help="keep the index there")
    parser.add_argument(
        "--keep", type=Keep, choices=list(Keep), help="use it though other code made it"
    )
    parser.add_argument("--search-only", action="store_true", help="ask nothing")
    which = parser.add_mutually_exclusive_group()
    for mode in MODES:
        which.add_argument(
            f"--{mode}", dest="modes", action="store_const", const=(mode,), default=MODES
        )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the result there")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="an earlier result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
