"""What is accepted as a term of the glossary, and which terms of a question it finds."""

from __future__ import annotations

import pytest

from jobs.errors import InvalidGlossaryError
from jobs.glossary.csv_file import read_csv, write_csv
from jobs.glossary.rules import (
    MAX_PHRASES,
    MAX_TERM_CHARS,
    MAX_TERM_WORDS,
    Rule,
    compared,
    make_rule,
)
from jobs.glossary.sets import starter_sets
from jobs.glossary.term_finder import MAX_RULES, TermFinder, phrases_of

CAPEX = Rule("capex", ("purchases of property", "capital expenditures"))
CAPITAL = Rule("working capital", ("total current assets",))
RATIO = Rule("working capital ratio", ("total current liabilities",))


def terms(question: str, *rules: Rule) -> list[str]:
    return [rule.term for rule in TermFinder(rules).find(question)]


def test_rule_is_tidied() -> None:
    """White space is single, and a phrase that comes twice or is empty counts once or not."""
    rule = make_rule("  cap \n ex ", ["a  b", "", "a b", "c"])
    assert rule == Rule("cap ex", ("a b", "c"))
    assert make_rule("capex", []) == Rule("capex", ())


@pytest.mark.parametrize(
    ("term", "phrases"),
    [
        ("", ["a"]),
        ("?!", ["a"]),
        ("a" * (MAX_TERM_CHARS + 1), ["a"]),
        ("a " * (MAX_TERM_WORDS + 1), ["a"]),
        ("capex", ["…"]),
        ("capex", ["a" * 161]),
        ("capex", [f"phrase {n}" for n in range(MAX_PHRASES + 1)]),
        ("=1+1", ["a"]),
        ("capex", ["@SUM(A1)"]),
    ],
)
def test_what_is_no_rule_is_refused(term: str, phrases: list[str]) -> None:
    """Nothing to find, too long, nothing to search for, or a formula in the exported file."""
    with pytest.raises(InvalidGlossaryError):
        make_rule(term, phrases)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What was our CAPEX in 2025?", ["capex"]),
        ("capexes of both", []),
        ("Is the working-capital ratio good?", ["working capital ratio"]),
        ("Is WORKING   capital good, or capex?", ["working capital", "capex"]),
        ("capex? Capex!", ["capex"]),
        ("working", []),
        ("", []),
    ],
)
def test_longest_terms_of_a_question_are_found(question: str, found: list[str]) -> None:
    """In their order, each once, whatever the case and the signs between the words."""
    assert terms(question, CAPEX, CAPITAL, RATIO) == found


@pytest.mark.parametrize(
    ("term", "question", "is_found"),
    [
        ("fixed asset", "Are the fixed assets high?", True),
        ("liabilities", "What is the liability?", True),
        ("SG&A", "What drove sg&a expense?", True),
        ("gross", "How much gros?", False),
        ("設備投資", "2025年の設備投資はいくらですか？", True),
        ("Größe", "Welche GRÖSSE hat es?", True),
        ("AR", "What is our AR?", True),
        ("AR", "el museo va a ar", False),
        ("OS", "Os resultados", False),
    ],
)
def test_how_terms_are_compared(term: str, question: str, is_found: bool) -> None:
    """Number and case do not matter, but of two capitals, which might be a word."""
    assert terms(question, Rule(term, ("x",))) == ([term] if is_found else [])


def test_only_so_many_rules_are_found() -> None:
    """Of a question that has half the glossary in it, what is added stays bounded."""
    rules = [Rule(f"term{n}", ("x",)) for n in range(2 * MAX_RULES)]
    assert len(terms(" ".join(rule.term for rule in rules), *rules)) == MAX_RULES


def test_question_is_reworded() -> None:
    """A few ways, with all its terms in the words of the documents; none without terms."""
    finder = TermFinder([CAPEX, CAPITAL, Rule("AR", ("receivables",)), Rule("off", ())])
    ways = finder.reworded("How high were capex and working-capital in Oslo?")
    assert [way.question for way in ways] == [
        "How high were purchases of property and total current assets in Oslo",
        "How high were capital expenditures and total current assets in Oslo",
    ]
    assert ways[0].phrases == ("purchases of property", "total current assets")
    assert [way.question for way in finder.reworded("Our AR, off?")] == ["Our receivables off"]
    assert finder.reworded("Who is it?") == ()
    assert TermFinder([Rule("設備投資", ("x",))]).reworded("設備投資はいくら") == ()


def test_phrases_are_named_once() -> None:
    """Two rules may have the same phrase, in two sets for the same term."""
    both = Rule("IP", ("a", "b"), "law"), Rule("IP", ("b", "c"), "technology")
    assert phrases_of(TermFinder(both).find("our IP")) == ("a", "b", "c")


def test_starter_sets_have_rules_that_would_be_accepted() -> None:
    """Each term once in a set, and with something to search for that is not the term itself."""
    for name, rules in starter_sets().items():
        assert 40 <= len(rules) <= 150
        assert len({rule.key for rule in rules}) == len(rules)
        for rule in rules:
            assert make_rule(rule.term, rule.phrases) == Rule(rule.term, rule.phrases)
            assert rule.phrases
            assert rule.source == name
            assert rule.key not in [tuple(compared(phrase)) for phrase in rule.phrases]


def test_csv_is_read_as_it_was_written() -> None:
    """Also one whose separator is another, or that has a column for each phrase."""
    rules = [CAPEX, Rule("off", ())]
    assert read_csv(write_csv(rules)) == rules
    assert read_csv(b"capex;purchases of property;capital expenditures\noff;;\n") == rules
    assert read_csv("Größe,Maß\n".encode("cp1252")) == [Rule("Größe", ("Maß",))]


@pytest.mark.parametrize("data", [b"", b"Term,Also search for\n", b"a,b\n=1+1,c\n", b"\x89PNG\0\0"])
def test_csv_without_rules_is_refused(data: bytes) -> None:
    """With a sentence, which names the row where one is to blame."""
    with pytest.raises(InvalidGlossaryError) as refusal:
        read_csv(data)
    assert ("Row 2" in refusal.value.message) == (b"=1+1" in data)
