"""What sees text of users, models or documents takes time in proportion to its length."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import pytest

from jobs.answer_files.content import clean
from jobs.answer_files.direction import is_right_to_left
from jobs.answer_files.formats import file_name
from jobs.answer_files.markdown import escape
from jobs.answering.citation_context import text_after, text_before
from jobs.answering.citation_coverage import measure_coverage
from jobs.answering.citations import check_citations
from jobs.answering.expected_kind import lacks_asked_kind
from jobs.answering.extractive import Extractive
from jobs.answering.figures import FigureSources, check_figures
from jobs.answering.numbers import values_in
from jobs.answering.passage_selection import without_doubles
from jobs.answering.question_anchors import anchors_of, words_in
from jobs.answering.question_core import core_of, without_mention
from jobs.answering.quotable import split_sentences
from jobs.answering.quotes import check_quotes
from jobs.answering.sentence_ranking import best_quotes
from jobs.answering.sentence_support import find_doubtful
from jobs.batches.models import LineResult, RowState
from jobs.batches.results_file import csv_rows
from jobs.batches.spreadsheet import Sheet
from jobs.citation_format import neutralize_markers, without_markers
from jobs.errors import InvalidGlossaryError, InvalidQuestionSetError
from jobs.extraction.blocks import Block, Kind
from jobs.extraction.chunking import Piece, passages
from jobs.extraction.file_types import FORMATS, UnreadableFileError
from jobs.extraction.find_passage import find_passage
from jobs.glossary.csv_file import read_csv
from jobs.glossary.rules import Rule, make_rule
from jobs.glossary.term_finder import TermFinder
from jobs.language import guess_language
from jobs.llm.chat import messages_of
from jobs.llm.echoes import EchoFilter
from jobs.llm.event_stream import read_events
from jobs.llm.input_length import count_pieces, shorten
from jobs.llm.local_embeddings import LocalEmbedder
from jobs.llm.rewriting import Turn, conversation_messages, make_turn, question_in
from jobs.llm.server_message import message_of
from jobs.llm.thoughts import ThoughtFilter, without_thoughts
from jobs.llm.wording import is_about_batch, is_about_context, is_about_quota, refused_part
from jobs.models import Answer, CheckedQuote, Citation, DocumentCard, Passage
from jobs.normalization import normalize
from jobs.question_sets.comparison import compare_runs, comparison_csv
from jobs.question_sets.judging import has_evidence
from jobs.question_sets.models import Expectation, Expected, RunResult, SetQuestion
from jobs.question_sets.parsing import parse_json
from jobs.question_sets.tables import from_sheet
from jobs.questions.query import fold
from jobs.search.analysis import question_terms, terms_of
from jobs.search.document_cards import make_card
from jobs.search.keywords import keywords_of
from jobs.search.passage_context import contexts
from jobs.search.question_parts import split_question
from jobs.search.routing import card_terms, naming_words
from jobs.sentences import sentence_spans
from jobs.settings.model_server import CARRIED_MODELS
from tests.growth import ENDS, SHORTEST, growing
from ui.components.common import text as words
from ui.components.question.citations import with_marks
from ui.components.question.word_diff import word_runs

READERS = "jobs.extraction.readers"
TEXT_READERS = sorted({each.reader for each in FORMATS if each.is_text} | {"rtf"})


def passage(text: str) -> Passage:
    return Passage("p1", "d1", "name", text, page=1, score=1.0)


def citation(text: str) -> Citation:
    return Citation(1, "d1", "name", "p1", text)


def mark_quotes(text: str) -> str:
    ends = range(1, len(text), 40)
    quotes = tuple(CheckedQuote(end - 1, end, 1) for end in ends)
    return with_marks(Answer(text, (citation("text"),), quotes=quotes))


def check_claims(text: str, source: str) -> None:
    """Check the figures and sentences of an answer against a source."""
    sources = FigureSources([passage(source)])
    figures = check_figures(text, sources, {1}, "What is the word limit of 100?")
    find_doubtful(text, [passage(source)], figures, sources, "What?")


def think(text: str) -> None:
    thoughts = ThoughtFilter()
    for part in text:
        thoughts.feed(part)
    thoughts.finish()


def lines_of(text: str) -> Iterator[object]:
    """The events of lines of data that begin a document, and never end one."""
    data = text.encode(errors="replace")
    with suppress(ValueError):
        yield from read_events([b"data: {\n", data, b"\ndata: ", data, b"}\n\n"])


def find_terms(text: str) -> None:
    """Find terms that begin alike, in whatever is written like one of them."""
    terms = ("a b a b a b", "word word", "1 1 1 1", "漢漢漢", "A", "A A")
    finder = TermFinder([Rule(term, ("x",)) for term in terms])
    finder.find(text)
    finder.reworded(text)


def refused(function: Callable[[str], object]) -> Callable[[str], None]:
    """Call a function that may refuse a text as one of the glossary."""

    def call(text: str) -> None:
        with suppress(InvalidGlossaryError):
            function(text)

    return call


def parse_set(text: str) -> None:
    """A question set of which each line is a question."""
    with suppress(InvalidQuestionSetError):
        parse_json("\n".join(json.dumps({"question": line}) for line in text.split("\n")))
    with suppress(InvalidQuestionSetError):
        parse_json(text)


def read_set(text: str) -> None:
    """A question set of which a line is the pages of a question, and all of it the words."""
    rows = [("Question", "a", line, text) for line in text.split("\n")]
    with suppress(InvalidQuestionSetError):
        from_sheet(Sheet("set", (("Question", "Document", "Pages", "Words"), *rows[:1])))


def read_all(name: str, text: str) -> None:
    """Read a text as a file of a format."""
    with suppress(UnreadableFileError, ValueError):
        list(importlib.import_module(f"{READERS}.{name}").read(text.encode(errors="replace")))


# What needs no cut takes no time, so that shorter texts tell nothing of longer ones.
SHORTEST_OF = {"passages": 3000}
FUNCTIONS: dict[str, Callable[[str], object]] = {
    "measure_coverage": measure_coverage,
    "split_sentences": split_sentences,
    "best_quotes": lambda text: best_quotes("What is the word limit?", [passage(text)]),
    "best_quotes of a question": lambda text: best_quotes(text, [passage("It is a word limit.")]),
    "check_claims": lambda text: check_claims(f"{text} [1].", "The word limit is 100."),
    "check_claims of a source": lambda text: check_claims("The word 1,100 is 12 % [1].", text),
    "values_in": values_in,
    "without_doubles": lambda text: without_doubles([passage(text), passage(text + "a")] * 3),
    "anchors_of": anchors_of,
    "words_in": words_in,
    "lacks_asked_kind": lambda text: lacks_asked_kind(text, text),
    "rewrite": lambda text: Extractive().rewrite(text, [Turn(text, text)]),
    "check_citations": lambda text: check_citations(text, [passage("text")] * 8),
    "check_quotes": lambda text: check_quotes(text, [citation("word a b a b 1")]),
    "check_quotes of a passage": lambda text: check_quotes("“a b a” “a a a”", [citation(text)]),
    "text_before": lambda text: text_before(text, text),
    "text_after": lambda text: text_after(text, text),
    "without_markers": without_markers,
    "neutralize_markers": neutralize_markers,
    "messages_of": lambda text: messages_of(text, [passage(text)]),
    "conversation_messages": lambda text: conversation_messages(text, [Turn(text, text)]),
    "make_turn": lambda text: make_turn(text, text),
    "question_in": question_in,
    "without_thoughts": without_thoughts,
    "thoughts in pieces": lambda text: think(text),
    "echoes in pieces": lambda text: list(map(EchoFilter("0123456789abcdef").feed, text)),
    "read_events": lambda text: list(lines_of(text)),
    "message_of": message_of,
    "message_of a field": lambda text: message_of({"error": {"message": text, "loc": [text]}}),
    "wording": lambda text: (
        is_about_context(400, text),
        is_about_quota(text, frozenset(), may_retry=False),
        is_about_batch(text),
        refused_part(400, text),
    ),
    "parts_of of the embedder": LocalEmbedder(CARRIED_MODELS / "all-MiniLM-L6-v2").parts_of,
    "shorten": lambda text: shorten(text, count_pieces(text) // 2),
    "normalize": lambda text: normalize("NFKC", text),
    "fold": fold,
    "has_evidence": lambda text: has_evidence(
        Expected(Expectation.EVIDENCE, words=text), passage(text)
    ),
    "parse_json": parse_set,
    "from_sheet": read_set,
    "comparison_csv": lambda text: list(
        comparison_csv(
            compare_runs(
                [SetQuestion("1", text)],
                [RunResult("1", answer=text, citations=(text,))],
                [RunResult("1", answer=text, citations=(text,))],
            )
        )
    ),
    "keywords_of": keywords_of,
    "terms_of": terms_of,
    "terms_of in German": lambda text: terms_of(text, "de"),
    "question_terms": question_terms,
    "contexts": lambda text: contexts(text, [Piece(text, 1), Piece(text, 2, section=text)]),
    "make_card": lambda text: make_card([Piece(text, 1)] * 4),
    "card_terms": lambda text: card_terms(text, DocumentCard("en", text, text, text)),
    "naming_words": lambda text: list(naming_words(text)),
    "terms of the glossary": find_terms,
    "make_rule": refused(lambda text: make_rule(text[:4000], [text])),
    "read_csv": refused(lambda text: read_csv(text.encode(errors="replace"))),
    "split_question": split_question,
    "core_of": core_of,
    "without_mention": lambda text: (
        without_mention(text, "d.md"),
        without_mention("Is it?", text),
    ),
    "quotes of parts": lambda text: list(
        Extractive().stream(f"What is the limit, and who {text}?", [passage(text)])
    ),
    "clean": clean,
    "is_right_to_left": is_right_to_left,
    "escape": escape,
    "csv_rows": lambda text: list(
        csv_rows((text,), [LineResult((text,), RowState.FINISHED, Answer(text, (citation(text),)))])
    ),
    "sentence_spans": sentence_spans,
    "guess_language": guess_language,
    "passages": lambda text: list(passages([Block(text), Block(text[:4000], Kind.HEADING, 1)])),
    **{f"the reader {name}": partial(read_all, name) for name in TEXT_READERS},
    "find_passage": lambda text: find_passage(text, text[:200]),
    "safe_markdown": words.safe_markdown,
    "plain": words.plain,
    "one_line": lambda text: words.one_line(text, 160),
    "without_markup": words.without_markup,
    "with_marks": mark_quotes,
    "file_name": lambda text: file_name(text, "pdf"),
    "word_runs": lambda text: word_runs(text, text[::-1]),
    "word_runs of other words": lambda text: word_runs(text, text.replace("b", "c")),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_takes_linear_time(name: str) -> None:
    """Whatever hostile text it is given."""
    assert growing(FUNCTIONS[name], ENDS[:1], SHORTEST_OF.get(name, SHORTEST)) == []
