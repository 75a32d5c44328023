"""Which text is codes rather than words."""

from __future__ import annotations

import pytest

from jobs.extraction.readers.garbled import looks_garbled

TEXTS = {
    "English": "The crane at the west quay lifts sixty tonnes, and the one at the east quay forty.",
    "German": "Die Kündigungsfrist für die Büroräume beträgt neun Monate, gerechnet ab Übergabe.",
    "French": "La société s'est engagée à régler l'échéance prévue à l'été, dès réception du reçu.",
    "Polish": "Najemca zobowiązuje się płacić czynsz w terminie do piątego dnia każdego miesiąca.",
    "Czech": "Nájemce je povinen hradit nájemné nejpozději do pátého dne každého měsíce.",
    "Turkish": "Kiracı, kira bedelini her ayın beşinci gününe kadar ödemekle yükümlü sayılacaktır.",
    "Finnish": "Vuokralaisen on maksettava vuokra viimeistään kuukauden viidentenä päivänä.",
    "Hungarian": "A bérlő köteles a bérleti díjat minden hónap ötödik napjáig megfizetni számlára.",
    "Vietnamese": "Bên thuê phải thanh toán tiền thuê nhà trước ngày mồng năm hàng tháng.",
    "Russian": "Арендатор обязан вносить арендную плату не позднее пятого числа каждого месяца.",
    "Greek": "Ο μισθωτής υποχρεούται να καταβάλλει το μίσθωμα έως την πέμπτη ημέρα του μήνα.",
    "Chinese": "承租人应当在每月五日之前向出租人支付租金，逾期应当支付违约金，每日五百元。",
    "Hebrew": "השוכר ישלם את דמי השכירות עד היום החמישי בכל חודש לחשבון הבנק של המשכיר.",
    "a list of parts": "AX-4711 BQ-0815 ZK-2231 QX-9923 WV-1182 KJ-3382 ZZ-1922 XQ-8812",
    "nothing": "",
}


@pytest.mark.parametrize("language", TEXTS)
def test_text_of_any_language_is_text(language: str) -> None:
    """Neither its letters nor its accents are taken for codes."""
    assert not looks_garbled(TEXTS[language])


@pytest.mark.parametrize("shift", [1, 3, 5, 29])
@pytest.mark.parametrize("language", ["English", "German", "French"])
def test_shifted_letters_are_codes(language: str, shift: int) -> None:
    """A font whose table is moved by a few places."""
    assert looks_garbled("".join(chr(ord(letter) + shift) for letter in TEXTS[language]))


def test_private_and_control_characters_are_codes() -> None:
    """A font without a table gives its own numbers; bullets of symbol fonts are no sign of it."""
    assert looks_garbled("".join(chr(0xE000 + ord(letter)) for letter in TEXTS["English"]))
    assert looks_garbled("".join(chr(ord(letter) % 32) for letter in TEXTS["English"]))
    assert not looks_garbled("\uf0b7 " + TEXTS["English"])


def test_cyrillic_in_a_western_encoding_is_garbled() -> None:
    """Accents on most letters are none of any language."""
    assert looks_garbled(TEXTS["Russian"].encode("cp1251").decode("cp1252"))
