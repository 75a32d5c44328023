"""Scans, photographs and pictures in PDFs: what is read of them, by a real child process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
from fpdf import FPDF
from PIL import Image

from jobs.errors import EmptyDocumentError, UnreadableDocumentError
from jobs.extraction import extract as extraction
from jobs.extraction import sandbox
from jobs.extraction.blocks import Note
from jobs.extraction.extract import Extracted, extract
from jobs.extraction.readers import ocr, ocr_data, picture, scans
from jobs.settings import Settings
from tests.hostile import pdf_of_pages
from tests.scans import (
    AMOUNTS,
    HEIC,
    LINES,
    encoded,
    grainy,
    pdf,
    scan,
    shadowed,
    specked,
    table,
)

Read = Callable[[str, bytes], Extracted]


@pytest.fixture
def read(tmp_path: Path, settings: Settings) -> Read:
    """Extract from bytes under a name."""

    def extract_bytes(name: str, data: bytes) -> Extracted:
        path = tmp_path / "stored"
        path.write_bytes(data)
        return extract(path, name, settings)

    return extract_bytes


def text_of(extracted: Extracted, page: int | None = None) -> str:
    texts = (item.text for item in extracted.passages if page in (None, item.first_page))
    return " ".join(" ".join(texts).split())


def words_of(image: Image.Image) -> str:
    """Read in this process, which is quicker."""
    return " ".join(piece.text for piece in ocr.read_picture(image).page.pieces)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(scan(), id="clean"),
        pytest.param(scan().rotate(4, expand=True, fillcolor=255), id="askew"),
        pytest.param(scan().transpose(Image.Transpose.ROTATE_90), id="on its side"),
        pytest.param(scan().transpose(Image.Transpose.ROTATE_180), id="upside down"),
        pytest.param(scan().transpose(Image.Transpose.ROTATE_270), id="on its other side"),
        pytest.param(grainy(scan(), 8), id="slight grain"),
        pytest.param(grainy(scan(), 40), id="strong grain"),
        pytest.param(specked(scan(), 0.06), id="specks"),
        pytest.param(shadowed(scan()), id="shadow"),
        pytest.param(Image.eval(scan(), lambda value: 200 + value // 6), id="faint"),
        pytest.param(Image.eval(scan(), lambda value: 255 - value), id="white on black"),
        pytest.param(scan(letter_pixels=13), id="screenshot"),
        pytest.param(scan(letter_pixels=130), id="large"),
    ],
)
def test_every_amount_of_a_page_is_read(image: Image.Image) -> None:
    """However a page was scanned or photographed, its amounts are right."""
    words = words_of(image)
    assert [amount for amount in AMOUNTS if amount not in words] == []


def test_confidence_tells_a_clean_page_from_noise() -> None:
    """What can hardly be seen is not read as surely as what is clean."""
    poor = specked(scan(letter_pixels=14).reduce(2), 0.1)
    assert ocr.read_picture(scan()).confidence > 85
    assert ocr.read_picture(poor).confidence < ocr.DOUBTFUL_PERCENT


def test_table_in_a_scan_names_its_columns(read: Read) -> None:
    """The rules of a table hide none of it, and each row can stand alone."""
    rows = [
        ("Service", "Unit", "Price in EUR"),
        ("Pallet place", "week", "9.80"),
        ("Handling in", "pallet", "4.25"),
        ("Handling out", "pallet", "4.75"),
        ("Night shift", "hour", "38.50"),
    ]
    text = text_of(read("prices.pdf", pdf(table(rows, (120, 560, 800)))))
    assert "Service: Handling out; Unit: pallet; Price in EUR: 4.75" in text


def test_scanned_pages_stand_among_pages_of_text(tmp_path: Path, settings: Settings) -> None:
    """Each page is read in its own way; progress is told, and only the scan has a confidence."""
    document = pypdfium2.PdfDocument(pdf_of_pages(["The contract runs until 2029."]))
    document.import_pages(pypdfium2.PdfDocument(pdf(scan(), Image.new("L", (1240, 1754), 255))))
    path, seen = tmp_path / "contract.pdf", []
    document.save(path)
    found = extract(path, path.name, settings, report=lambda done, all_: seen.append((done, all_)))
    assert "until 2029" in text_of(found, 1)
    assert all(amount in text_of(found, 2) for amount in AMOUNTS)
    confidences = {item.first_page: item.confidence for item in found.passages}
    assert confidences[1] is None
    assert confidences[2] is not None
    assert confidences[2] > 85
    assert seen == [(2, 3)]
    assert found.notes == ()  # an empty page lacks nothing


def test_scan_with_a_stamp_is_read(read: Read) -> None:
    """A number that a program wrote on a scan does not hide that the page is a picture."""
    found = read("a.pdf", stamped("EXHIBIT 17"))
    assert all(text in text_of(found) for text in (*AMOUNTS, "EXHIBIT 17"))


def test_page_of_text_is_not_read_from_its_picture(read: Read) -> None:
    """What the page itself says is exact, also in front of a picture."""
    found = read("a.pdf", stamped("The crane lifts 62 tonnes. " * 9))
    assert text_of(found).startswith("The crane lifts 62 tonnes.")
    assert "9.80" not in text_of(found)
    assert found.passages[0].confidence is None


def stamped(text: str) -> bytes:
    """A scan with a text of its own below what it shows."""
    document = FPDF(format=(210, 297))
    document.add_page()
    document.image(scan([*LINES, *[""] * 22]), 0, 0, 210, 297)
    document.set_font("Helvetica", size=11)
    document.set_xy(20, 200)
    document.multi_cell(150, 6, text)
    return bytes(document.output())


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jpg", encoded(scan(), "JPEG")),
        ("a.jpeg", encoded(scan().convert("CMYK"), "JPEG")),
        ("a.png", encoded(scan(), "PNG")),
        ("a.tif", encoded(scan().convert("1"), "TIFF", compression="group4")),
        ("a.bmp", encoded(scan(), "BMP")),
        ("a.gif", encoded(scan(), "GIF")),
        ("a.webp", encoded(scan().convert("RGB"), "WEBP")),
        ("a.heic", HEIC),
        ("renamed.jpg", encoded(scan(), "PNG")),
    ],
)
def test_pictures_are_documents(read: Read, name: str, data: bytes) -> None:
    """A picture of any usual format is read, whatever its name says."""
    found = read(name, data)
    assert "4,750.00" in text_of(found)
    assert (found.pages, found.passages[0].first_page) == (1, 1)
    assert found.notes == ()


def test_scan_of_many_pages_is_read_page_by_page(read: Read) -> None:
    """A TIFF has pages, and each may be turned on its own."""
    pages = [scan(), scan(["Second page, EUR 77.10"]).transpose(Image.Transpose.ROTATE_180)]
    found = read("fax.tif", encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert found.pages == 2
    assert "9.80" in text_of(found, 1)
    assert "77.10" in text_of(found, 2)


def test_photograph_is_turned_as_its_camera_says(read: Read) -> None:
    """The way up that a camera noted counts."""
    exif = Image.Exif()
    exif[0x112] = 6
    turned = scan().transpose(Image.Transpose.ROTATE_90)
    assert "9.80" in text_of(read("photo.jpg", encoded(turned, "JPEG", exif=exif)))


def test_picture_without_text_says_so(read: Read) -> None:
    """What shows no text is no document, and its reader is told."""
    image = Image.linear_gradient("L").resize((900, 900))
    with pytest.raises(EmptyDocumentError, match="in which no text was found"):
        read("sky.png", encoded(image, "PNG"))


def test_picture_that_unpacks_to_gigabytes_is_refused(read: Read) -> None:
    """The size is looked at before anything is unpacked."""
    with pytest.raises(UnreadableDocumentError, match="unpacks to far more than its size"):
        read("bomb.png", encoded(Image.new("1", (30_000, 30_000)), "PNG"))


def test_broken_picture_is_unreadable(read: Read) -> None:
    """A picture that was cut off is not read in part without a word."""
    data = encoded(scan(), "JPEG")
    with pytest.raises(UnreadableDocumentError):
        read("cut.jpg", data[: len(data) // 2])


def test_fax_without_a_size_is_unreadable(read: Read) -> None:
    """A TIFF that does not say how large it is, is no mystery to its reader."""
    tiff = b"II*\0" + (8).to_bytes(4, "little") + bytes(6)
    with pytest.raises(UnreadableDocumentError, match="Check that it opens"):
        read("fax.tif", tiff)


def test_without_data_a_note_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages that cannot be read are counted, with what to do, and nothing fails."""
    monkeypatch.setattr(ocr_data, "FOLDERS", (tmp_path,))
    found = scans.Scans()
    assert found.read(2, scan) is None
    assert list(found.notes()) == [
        Note(
            "Page 2 is a picture: it was not read. "
            "Install Tesseract's language data (Debian: tesseract-ocr-eng) to have it read."
        )
    ]
    assert list(picture.read(encoded(scan(), "PNG")))[-1] == Note(
        "This is a picture: it was not read. "
        "Install Tesseract's language data (Debian: tesseract-ocr-eng) to have it read."
    )


def test_language_without_data_is_named(
    tmp_path: Path, make_settings: Callable[..., Settings]
) -> None:
    """A language that nobody installed is said where it is missed."""
    path = tmp_path / "a.png"
    path.write_bytes(encoded(scan(), "PNG"))
    with pytest.raises(EmptyDocumentError, match="Debian: tesseract-ocr-eng tesseract-ocr-xx-sim"):
        extract(path, path.name, make_settings(ocr_languages="eng+xx_sim"))


def test_languages_are_those_of_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tesseract takes its data from one folder, so that the one that has them all is chosen."""
    english = ocr_data.folder("eng")
    assert english is not None
    for name in ("eng", "deu"):
        (tmp_path / f"{name}.traineddata").symlink_to(english / "eng.traineddata")
    monkeypatch.setattr(ocr_data, "FOLDERS", (english, tmp_path))
    assert ocr_data.folder("eng") == english
    assert ocr_data.folder("eng+deu") == tmp_path
    monkeypatch.setattr(ocr_data, "_languages", "eng+deu")
    assert "9.80" in words_of(scan())


def test_pages_are_left_when_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """What there was no time for is said; the rest of the document stays."""
    monkeypatch.setattr(ocr, "PICTURES_SECONDS", -1)
    found = scans.Scans()
    assert [found.read(number, scan) for number in (8, 9)] == [None, None]
    (note,) = found.notes()
    assert note.text.startswith("Pages 8 and 9 are pictures: they were not read.")
    assert "30 minutes: split it" in note.text


def test_doubtful_pages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Tesseract is not sure, people are asked to look."""
    monkeypatch.setattr(ocr, "DOUBTFUL_PERCENT", 101)
    found = scans.Scans()
    found.read(3, scan)
    assert [note.text for note in found.notes()] == [
        "Page 3 is a picture that is hard to read. Check what is cited of it on the page itself."
    ]


def test_time_limit_begins_anew_with_each_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long scan is no endless one; pages out of their order are not our program's."""
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    clock = extraction._Clock(10)
    now = 9.0
    clock.restart(1, 20)
    now = 18.0
    clock.check()
    with pytest.raises(sandbox.BrokenOutputError):
        clock.restart(1, 20)
    with pytest.raises(sandbox.BrokenOutputError):
        clock.restart(21, 20)
    now = 19.1
    with pytest.raises(TimeoutError):
        clock.check()


def test_processor_time_begins_anew_up_to_a_bound() -> None:
    """What earlier pages took does not count for the next, but there is an end."""
    program = (
        "import resource, time; from jobs.extraction import resource_limits as limits\n"
        "limits.limit_resources(2048, 60, 2); before = resource.getrlimit(resource.RLIMIT_CPU)\n"
        "time.process_time = lambda: 5.0; limits.allow_more_time(); limits.allow_more_time()\n"
        "once = resource.getrlimit(resource.RLIMIT_CPU)\n"
        "time.process_time = lambda: 50.0; limits.allow_more_time()\n"
        "print(before, once, resource.getrlimit(resource.RLIMIT_CPU))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "(60, 67) (65, 67) (67, 67)"
