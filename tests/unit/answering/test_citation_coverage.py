"""Counting the sentences of an answer that carry no citation."""

from __future__ import annotations

import pytest

from jobs.answering.citation_coverage import CitationCoverage, measure_coverage


@pytest.mark.parametrize(
    ("text", "sentences", "uncited"),
    [
        ("The limit is EUR 160 [1].", 1, 0),
        ("The limit is EUR 160. [1]", 1, 0),
        ("The limit is EUR 160.[1][2] It was raised in May. [3]", 2, 0),
        ("The limit is EUR 160.", 1, 1),
        ("The limit is EUR 160 [1]. It was raised in May.", 2, 1),
        ("It says “the limit is EUR 160.” [1] “Nobody may exceed it,” it adds.", 2, 1),
        ("The limit is e.g. EUR 160 in Ghent [1].", 1, 0),
        ("The limits are these:\n\n- Ghent is EUR 160 [1]\n- Paris is EUR 200 per night", 2, 1),
        ("# The limits of hotels\n\nThe limit is EUR 160 [1].", 1, 0),
        ("Is there any limit at all? The limit is EUR 160 [1].", 1, 0),
        ("Yes [1]. No.", 2, 1),
        ("```\nThis is some code here.\n```\nThe limit is EUR 160 [1].", 1, 0),
        ("| City | Limit of the hotel |\n|---|---|\n| Ghent has | EUR 160 [1] |\n", 1, 0),
        ("", 0, 0),
        ("Der Vertrag über die Halle endet am 30. September 2030 [1].", 1, 0),
        ("Es gilt z. B. § 3 Abs. 3 Nr. 2 der Satzung [1].", 1, 0),
        ("M. Durand a signé le bail, voir p. 4 [1].", 1, 0),
        ("Il Sig. Bianchi paga ca. 1.250,00 EUR ogni mese [1].", 1, 0),
        ("Under U.S. law Dr. Jones owes the rent [1].", 1, 0),
        ("Er sagt: „Der Mieter zahlt alle Kosten.“ [1] Der Vermieter zahlt keine.", 2, 1),
        ("Il dit : « Le locataire paie tous les frais. » [1] Il paie dès demain matin.", 2, 1),
        ("租金是五千元。[1] 租期为三年。", 2, 1),
        ("賃料は月額五十万円です[1]。契約は三年間です[2]。", 2, 0),
    ],
)
def test_sentences_are_counted_with_and_without_citation(
    text: str, sentences: int, uncited: int
) -> None:
    """A marker counts before and after the full stop; what makes no claim is not counted."""
    coverage = measure_coverage(text)
    assert (coverage.sentences, coverage.uncited) == (sentences, uncited)


def test_support_is_none_if_every_sentence_lacks_it() -> None:
    """A list of markers at the end ties no sentence to a passage; no sentence is no claim."""
    assert measure_coverage("The limit is EUR 160. It rose in May.\n\nSources: [1] [2]").is_none
    assert not measure_coverage("The limit is EUR 160 [1]. It rose again in May.").is_none
    assert not measure_coverage("Yes [1].").is_none


def test_what_was_not_found_is_no_claim() -> None:
    """A quoted answer says which part it lacks."""
    text = "The fee is EUR 9 a day [1].\n\nNothing was found about the notice period."
    assert measure_coverage(text) == CitationCoverage(1, 0)
