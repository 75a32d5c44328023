"""What becomes of hyphens at the ends of lines."""

from __future__ import annotations

import pytest

from jobs.extraction.readers.hyphens import Hyphens

ENGLISH = "The price of the lease is to be paid by the tenant with the rent of the depot."
GERMAN = "Die Miete ist von der Mieterin und dem Mieter mit der Kaution zu zahlen, das ist klar."
FRENCH = "Le prix est payé par la société dans les délais, et une copie est pour le notaire."


@pytest.mark.parametrize(
    ("text", "line", "following", "joined"),
    [
        (ENGLISH, "has a guaran", "tee of twelve years", "has a guarantee of twelve years"),
        (ENGLISH, "by the ten", "ant.", "by the tenant."),
        (ENGLISH, "are clean", "ed each spring", "are cleaned each spring"),
        (ENGLISH, "the price", "determining factors", "the price-determining factors"),
        (ENGLISH, "a long", "term lease", "a long-term lease"),
        (ENGLISH, "state-of-the", "art tools", "state-of-the-art tools"),
        (ENGLISH, "in 2025", "2026", "in 2025-2026"),
        (ENGLISH, "by Jean", "Luc", "by Jean-Luc"),
        (ENGLISH, "MAIN", "TENANCE", "MAINTENANCE"),
        (ENGLISH, "pre", "and post-war houses", "pre- and post-war houses"),
        (ENGLISH, "see www.example", "site.org", "see www.example-site.org"),
        (GERMAN, "die Kündi", "gungsfrist", "die Kündigungsfrist"),
        (GERMAN, "der Miet", "vertrag", "der Mietvertrag"),
        (GERMAN, "die E", "Mail-Adresse", "die E-Mail-Adresse"),
        (GERMAN, "Ein", "und Ausgang", "Ein- und Ausgang"),
        (FRENCH, "le loca", "taire", "le locataire"),
        (FRENCH, "le vice", "président", "le vice-président"),
        ("", "plain", "text", "plaintext"),
    ],
)
def test_hyphen_is_kept_where_it_is_part_of_the_word(
    text: str, line: str, following: str, joined: str
) -> None:
    """What the language writes as one word is one; what it hyphenates keeps its hyphen."""
    assert Hyphens(lambda: [text]).joined(line, following) == joined


def test_document_that_writes_the_word_elsewhere_is_followed() -> None:
    """Its own spelling counts more than that of the language."""
    own = Hyphens(lambda: ["The sub-lease and the plugfest of the port are of no use to it."])
    assert own.joined("a sub", "lease") == "a sub-lease"
    assert own.joined("the plug", "fest") == "the plugfest"
