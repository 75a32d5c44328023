"""Words in scripts with spaces between them and without."""

from __future__ import annotations

import pytest

from jobs.words import count_words, search_terms, words_of


def test_words_without_spaces_are_counted_by_their_letters() -> None:
    """A Chinese sentence of six letters says as much as one of six words."""
    assert count_words("The fee is three percent.") == 5
    assert count_words("租金是五千元 EUR") == 7


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Wie hoch ist die_Miete 2030?", ["Wie", "hoch", "ist", "die", "Miete", "2030"]),
        ("किराया पाँच हज़ार।", ["किराया", "पाँच", "हज़ार"]),
        ("งบประมาณ 2568", ["งบประมาณ", "2568"]),
        ("2030年のABC倉庫です", ["2030", "年の", "ABC", "倉庫です"]),
    ],
)
def test_words_keep_their_vowel_signs(text: str, words: list[str]) -> None:
    """A run of a script without spaces is one, apart from Latin letters and figures beside it."""
    assert words_of(text) == words


def test_scripts_without_spaces_are_searched_by_pairs_of_letters() -> None:
    """Words of questions divide them and are left out."""
    assert search_terms("预算是多少 EUR") == ["预算", "EUR"]
    assert search_terms("倉庫の賃料") == ["倉庫", "庫の", "の賃", "賃料"]
    assert search_terms("月") == ["月"]
