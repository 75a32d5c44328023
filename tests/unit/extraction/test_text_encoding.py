"""Which encoding a text has."""

from __future__ import annotations

import encodings.aliases
import pkgutil
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.text_encoding import decode, decode_text
from jobs.extraction.text_marks import may_be_text

# A memo and a small table in each language, in the encodings that its files have.
TEXTS = {
    "German": (
        "Der Vertrag über die Lagerhalle läuft bis März. Die Gebühr beträgt 1.250 €.",
        "Straße;Gebühr €\nKölner Straße;1.234,50\nZürcher Weg;987,00\n",
        ("cp1252", "mac-roman"),
    ),
    "French": (
        "La résiliation doit être notifiée à l'échéance. Où est le dégât causé ?",
        "Ville;Propriétaire\nOrléans;Hélène Lefèvre\nSaint-Étienne;François Noël\n",
        ("cp1252", "mac-roman"),
    ),
    "Italian": (
        "La prossima riunione si terrà a Forlì, perché così è più comodo per la società.",
        "Città;Quantità\nForlì;12\nCefalù;7\n",
        ("cp1252",),
    ),
    "Polish": (
        "Następne spotkanie odbędzie się w Łodzi. Opłata zostanie naliczona później.",
        "Miasto;Opłata;Właściciel\nŁódź;120 zł;Żaneta Wójcik\nGdańsk;140 zł;Łukasz Dąb\n",
        ("cp1250", "iso8859-2"),
    ),
    "Czech": (
        "Příští schůze se koná v Plzni třetího října. Poplatek bude účtován později.",
        "Město;Vlastník\nPlzeň;Jiří Dvořák\nTřebíč;Zdeněk Šťastný\n",
        ("cp1250",),
    ),
    "Hungarian": (
        "A következő ülést Győrben tartjuk. A költségvetés felelőse Szűcs Erzsébet.",
        "Város;Díj\nGyőr;120 Ft\nHódmezővásárhely;140 Ft\n",
        ("cp1250",),
    ),
    "Russian": (
        "Следующее совещание пройдёт третьего октября в Пскове.",
        "Город;Плата\nПсков;120 руб.\nТверь;140 руб.\n",
        ("cp1251", "koi8-r", "cp866", "iso8859-5"),
    ),
    "Ukrainian": (
        "Наступна нарада відбудеться третього жовтня в Києві, її веде Ганна.",
        "Місто;Плата\nКиїв;120 грн\nЛьвів;140 грн\n",
        ("cp1251", "koi8-u"),
    ),
    "Greek": (
        "Η επόμενη συνεδρίαση θα γίνει στις τρεις Οκτωβρίου στην Πάτρα.",
        "Πόλη;Τέλος\nΠάτρα;120\nΚόρινθος;140\n",
        ("cp1253", "iso8859-7"),
    ),
    "Turkish": (
        "Bir sonraki toplantı üç Ekim'de Eskişehir'de yapılacaktır.",
        "Şehir;Ücret\nEskişehir;120 TL\nIğdır;140 TL\n",
        ("cp1254",),
    ),
    "Hebrew": (
        "הישיבה הבאה תתקיים בשלושה באוקטובר בחיפה.",
        "עיר,אגרה\nחיפה,120\nעכו,140\n",
        ("cp1255",),
    ),
    "Arabic": (
        "سيعقد الاجتماع القادم في الثالث من أكتوبر في الإسكندرية.",
        "المدينة,الرسوم\nالقاهرة,120\nأسوان,140\n",
        ("cp1256",),
    ),
    "Lithuanian": (
        "Kitas posėdis įvyks spalio trečią dieną Šiauliuose, mokestis bus apskaičiuotas.",
        "Miestas;Mokestis\nŠiauliai;120\nPanevėžys;Ąžuolas Čepas\n",
        ("cp1257",),
    ),
    "Thai": (
        "การประชุมครั้งต่อไปจะจัดขึ้นที่เชียงใหม่",
        "เมือง,ค่าธรรมเนียม\nเชียงใหม่,120\nภูเก็ต,140\n",
        ("tis-620", "cp874"),
    ),
    "Chinese": (
        "下次会议于十月三日在成都举行。预算为两百万元。",
        "仓库,负责人\n上海仓库,王伟\n成都仓库,李娜\n",
        ("gbk", "gb18030"),
    ),
    "Taiwanese": (
        "下次會議於十月三日在臺北舉行。預算為兩百萬元。",
        "倉庫,負責人\n臺北倉庫,王偉\n高雄倉庫,李娜\n",
        ("big5",),
    ),
    "Japanese": (
        "次回の会議は十月三日に大阪で行う。予算は二百万円とする。",
        "番号,質問\n1,倉庫の賃料はいくらですか？\n2,契約はいつ終わりますか？\n",
        ("cp932", "euc_jp", "iso2022_jp"),
    ),
    "Korean": (
        "다음 회의는 시월 삼일에 부산에서 열린다.",
        "도시,소유자\n부산,김영희\n대구,박철수\n",
        ("euc_kr", "cp949"),
    ),
}
CASES = [
    pytest.param(text, encoding, id=f"{language}-{kind}-{encoding}")
    for language, (memo, table, names) in TEXTS.items()
    for kind, text in (("memo", memo), ("table", table))
    for encoding in names
]
UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-32"]
UNMARKED = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize(("text", "encoding"), CASES)
def test_encodings_of_short_texts_are_recognised(text: str, encoding: str) -> None:
    """A memo of one line or a table of three is enough."""
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", UNICODE + UNMARKED)
@pytest.mark.parametrize("language", ["German", "Russian", "Chinese", "Hebrew"])
def test_unicode_is_recognised_with_and_without_a_mark(language: str, encoding: str) -> None:
    """UTF-32 begins like UTF-16; without a mark, blanks and line ends tell the order of bytes."""
    text = TEXTS[language][1]
    data = text.encode(encoding)
    assert decode_text(data).text == text
    assert not decode_text(data).note
    assert may_be_text(data)


def test_words_far_into_a_table_decide() -> None:
    """Nine of ten megabytes may be ASCII."""
    text = "item;7;ok\n" * 300_000 + TEXTS["Polish"][1]
    assert decode(text.encode("cp1250")) == text


def test_a_long_text_is_judged_by_a_sample() -> None:
    """No character is cut where the sample is taken, and the whole is decoded."""
    text = (TEXTS["Japanese"][0] + "\n") * 20_000
    assert decode(text.encode("cp932")) == text


@pytest.mark.parametrize(
    "declaration",
    ['<?xml version="1.0" encoding="{}"?>', "<meta charset={}>", '<meta content="x; charset={}">'],
)
def test_a_declared_encoding_counts(declaration: str) -> None:
    """Too few letters to guess from."""
    data = declaration.format("windows-1251").encode() + "<p>Ёж".encode("cp1251")
    assert decode(data).endswith("<p>Ёж")
    assert not decode_text(data).note


def test_a_declaration_that_does_not_fit_is_passed_over() -> None:
    """A page may be saved in another encoding than it says."""
    text = '<meta charset="utf-8"><p>Следующее совещание пройдёт третьего октября в Пскове.'
    assert decode(text.encode("cp1251")) == text


@pytest.mark.parametrize(
    ("language", "encoding", "declared"),
    [
        ("Chinese", "gbk", "iso-8859-1"),
        ("Japanese", "cp932", "windows-1252"),
        ("Russian", "cp1251", "iso-8859-1"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_passed_over(
    language: str, encoding: str, declared: str
) -> None:
    """Any bytes are some text in Windows-1252, and templates declare it."""
    text = f"<meta charset={declared}><p>{TEXTS[language][0]}"
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("label", "encoding", "text"),
    [
        ("windows-874", "cp874", "งบประมาณ"),
        ("x-sjis", "cp932", "予算"),
        ("ks_c_5601-1987", "cp949", "예산"),
        ("ISO-8859-8-I", "iso8859-8", "תקציב"),
        ("gb2312", "gbk", "預算镕"),
    ],
)
def test_names_of_encodings_on_the_web_are_known(label: str, encoding: str, text: str) -> None:
    """Browsers know more names than Python, and more letters by the same name."""
    page = f"<meta charset={label}>{text}"
    assert decode(page.encode(encoding)) == page
    assert not decode_text(page.encode(encoding)).note


def test_what_was_guessed_from_few_letters_is_said() -> None:
    """One letter may be anything."""
    decoded = decode_text("Total: 5 Stück".encode("cp1252"))
    assert decoded.text == "Total: 5 Stück"
    assert "was guessed (Windows-1252)" in decoded.note


def test_what_is_certain_needs_no_note() -> None:
    """Readers are told of doubts alone."""
    assert not decode_text(TEXTS["Chinese"][0].encode("gbk")).note
    assert not decode_text(TEXTS["Japanese"][0].encode("cp932")).note


def test_utf8_that_was_cut_or_has_other_bytes_stays_utf8() -> None:
    """A log may be cut within a character, or have a line of another program."""
    decoded = decode_text("Größe, Höhe, Länge, Stärke, Übergabe".encode() + b" K\xf6ln")
    assert decoded.text == "Größe, Höhe, Länge, Stärke, Übergabe K\ufffdln"
    assert decoded.note.startswith("1 character of this file could not be decoded")


def test_what_was_garbled_before_is_said() -> None:
    """Nobody finds “Größe” in it, and no program can tell it from what was meant."""
    garbled = "Größe, Höhe, Länge – “ok”".encode().decode("cp1252", "ignore")
    assert "looks garbled" in decode_text(garbled.encode()).note
    assert "1 character of this file" in decode_text("K\ufffdln".encode()).note
    for right in ("SÃO PAULO, ÂNGELA, à", "Größe, Höhe", "Ã‚ is a letter"):
        assert not decode_text(right.encode()).note


def test_noise_is_never_certain() -> None:
    """Bytes that look like no language are some text all the same."""
    noise = bytes(random.Random(1).choices(range(128, 256), k=5000))
    assert "was guessed" in decode_text(noise).note


def test_unknown_declared_encoding_is_passed_over() -> None:
    """A page may call its encoding anything."""
    page = b'<meta charset="klingon">K\xf6ln'
    assert decode(page).endswith("Köln")


ODD_CHARSETS = sorted(
    {module.name for module in pkgutil.iter_modules(encodings.__path__)}
    | set(encodings.aliases.aliases)
    | set(encodings.aliases.aliases.values())
    | {"undefined", "rot13", "zip", "utf-7", "x" * 5000, "__init__", "aliases", ".", "-", "_"}
)


@pytest.mark.parametrize("charset", ODD_CHARSETS)
def test_no_declared_encoding_breaks_the_reader(charset: str) -> None:
    """Some that Python knows are no text or raise by design: undefined, idna, hex, zip, UTF-7."""
    decoded = decode(b'<meta charset="' + charset.encode() + b'">K\xf6ln +ADw-')
    assert "K" in decoded
    assert "ADw-" in decoded


@given(st.binary(max_size=60), st.binary(max_size=200))
def test_no_declared_bytes_break_the_reader(charset: bytes, rest: bytes) -> None:
    """Whatever stands there, the text is decoded, or the file is said to be none."""
    try:
        decode(b"<meta charset=" + charset + b">\xff" + rest)
    except UnreadableFileError:
        assert b"\0" in charset + rest


@pytest.mark.parametrize("data", [b"abc\0def", random.Random(1).randbytes(5000)])
def test_binary_data_is_no_text(data: bytes) -> None:
    """A zero byte is in no text file but for UTF-16 and UTF-32."""
    assert not may_be_text(data)
    with pytest.raises(UnreadableFileError):
        decode(data)
