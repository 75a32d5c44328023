"""Pages of PDFs as pictures, by a real child process; and from files that are broken or hostile."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from jobs.documents import page_images
from jobs.documents.file_store import FileStore
from jobs.documents.page_images import PageImage, PageImages, draw_page, has_pictures
from jobs.errors import UnreadableDocumentError, UnreadablePageError
from jobs.extraction.render_page import BAR, MARK, WIDTH_PIXELS
from tests import hostile
from tests.waiting import HANG_SECONDS

REPORT = Path(__file__).resolve().parents[3] / "samples" / "annual-report-2025.pdf"
DIVIDEND = "The Management Board proposes a dividend of EUR 0.28 per share for 2025"


def marked_points(picture: PageImage) -> int:
    image = Image.open(io.BytesIO(picture.data)).convert("RGB")
    return sum(count for count, colour in image.getcolors(1 << 24) or [] if colour == MARK)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let a shell script stand for the child."""

    def use(script: str) -> None:
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)
        monkeypatch.setattr("sys.executable", str(path))

    return use


def test_passage_is_marked_on_its_page() -> None:
    """The page is drawn sharply, with the sentence marked, as a marker pen would, and a bar."""
    picture = draw_page(REPORT, 9, DIVIDEND)
    assert (picture.pages, picture.share) == (9, 1.0)
    image = Image.open(io.BytesIO(picture.data)).convert("RGB")
    assert image.width == WIDTH_PIXELS
    colours = {colour for _, colour in image.getcolors(1 << 24) or []}
    assert {MARK, BAR, (255, 255, 255)} <= colours
    # One or two lines of a page that is 1,698 pixels high.
    assert 5_000 < marked_points(picture) < 60_000


def test_passage_of_another_page_is_not_marked() -> None:
    """A page without the passage is drawn as it is, and says that nothing was found."""
    picture = draw_page(REPORT, 3, DIVIDEND)
    assert picture.share == 0
    assert marked_points(picture) == 0


def test_rotated_page_is_marked_where_the_words_are(tmp_path: Path) -> None:
    """A mark turns with its page."""
    upright, turned = tmp_path / "a.pdf", tmp_path / "b.pdf"
    upright.write_bytes(one_page("Words that are marked on a page that may be turned."))
    turned.write_bytes(one_page("Words that are marked on a page that may be turned.", turn=90))
    boxes = []
    for path in (upright, turned):
        picture = draw_page(path, 1, "Words that are marked on a page that may be turned.")
        assert picture.share == 1.0
        image = Image.open(io.BytesIO(picture.data)).convert("RGB")
        mask = image.point(lambda value: 255 if value < 120 else 0).getchannel("B")
        boxes.append(mask.getbbox())
        assert marked_points(picture) > 1000
    (a, b) = boxes
    assert a is not None
    assert b is not None
    assert (a[2] - a[0]) > (a[3] - a[1])  # a line across
    assert (b[2] - b[0]) < (b[3] - b[1])  # a line down


def one_page(words: str, *, turn: int = 0, size: str = "612 792") -> bytes:
    """A PDF of one page with one line of text."""
    text = f"BT /F 18 Tf 72 700 Td ({words}) Tj ET"
    return (
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        f"3 0 obj<</Type/Page/Parent 2 0 R/Rotate {turn}/MediaBox[0 0 {size}]/Contents 4 0 R"
        "/Resources<</Font<</F 5 0 R>>>>>>endobj\n"
        f"4 0 obj<</Length {len(text)}>>stream\n{text}\nendstream endobj\n"
        "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n"
        "trailer<</Root 1 0 R>>"
    ).encode()


@pytest.mark.parametrize(
    ("data", "page"),
    [
        (b"not a PDF at all", 1),
        (b"", 1),
        (REPORT.read_bytes()[:2000], 1),
        (REPORT.read_bytes(), 10),
        (REPORT.read_bytes(), 0),
    ],
    ids=["text", "empty", "cut off", "page after the last", "page zero"],
)
def test_page_that_cannot_be_drawn_is_a_sentence(tmp_path: Path, data: bytes, page: int) -> None:
    """Whatever is wrong with a file, it is told in a sentence."""
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    with pytest.raises(UnreadablePageError, match="cannot be drawn"):
        draw_page(path, page, "words")


@pytest.mark.parametrize(
    "make",
    [
        hostile.encrypted_pdf,
        hostile.pdf_stream_bomb,
        hostile.pdf_nested_bomb,
        hostile.pdf_page_loop,
    ],
)
def test_hostile_file_costs_one_picture(tmp_path: Path, make: Callable[[], bytes]) -> None:
    """A bomb, a page tree that goes round and a password each end in a sentence, in time."""
    path = tmp_path / "a.pdf"
    path.write_bytes(make())
    with pytest.raises(UnreadablePageError):
        draw_page(path, 1, "words")


@pytest.mark.parametrize("size", ["14400 1", "1 14400", "0.001 0.001", "1e9 1e9"])
def test_absurd_page_costs_bounded_memory(tmp_path: Path, size: str) -> None:
    """However large or thin a page claims to be, its picture is bounded, or there is none."""
    path = tmp_path / "a.pdf"
    path.write_bytes(one_page("Some words on a page.", size=size))
    try:
        picture = draw_page(path, 1, "Some words on a page.")
    except UnreadablePageError:
        return
    image = Image.open(io.BytesIO(picture.data))
    assert image.width * image.height <= 1200 * 3000


def test_long_page_is_drawn_smaller(tmp_path: Path) -> None:
    """A page much higher than wide is bounded by its height."""
    path = tmp_path / "a.pdf"
    path.write_bytes(one_page("Some words on a page.", size="100 1000"))
    assert Image.open(io.BytesIO(draw_page(path, 1, "words").data)).size == (300, 3000)


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("sleep 60", "too long"),
        ("kill -XCPU $$", "too long"),
        ("kill -SEGV $$", "cannot be drawn"),
        ("exit 3", "too much memory"),
        ("echo nonsense", "cannot be drawn"),
        ("true", "cannot be drawn"),
        ('echo "[1, 1.0]"; echo "aGVsbG8="', "cannot be drawn"),  # no picture
        ('echo "[1, 1.0]"; head -c 400000 /dev/zero', "cannot be drawn"),
    ],
)
def test_child_that_goes_wrong_is_a_sentence(
    program: Callable[[str], None], script: str, sentence: str
) -> None:
    """A child that hangs, crashes, or was taken over by a hostile file costs one picture."""
    program(script)
    with pytest.raises(UnreadablePageError, match=sentence):
        draw_page(REPORT, 1, "words", seconds=1)


def test_memory_of_the_child_is_limited() -> None:
    """A child that may have less than the page needs ends in a sentence."""
    with pytest.raises(UnreadablePageError, match="too much memory"):
        draw_page(REPORT, 1, "words", memory_mb=35)


def test_passage_is_no_argument_of_the_child(
    program: Callable[[str], None], tmp_path: Path
) -> None:
    """Other users of the machine see a process's arguments, so no document's words are there."""
    program(f'echo "$@" > {tmp_path}/arguments; cat > {tmp_path}/input')
    with pytest.raises(UnreadablePageError):
        draw_page(REPORT, 1, "secret words")
    assert "secret" not in (tmp_path / "arguments").read_text()
    assert (tmp_path / "input").read_text() == "secret words"


@pytest.fixture
def stored(tmp_path: Path) -> tuple[FileStore, str]:
    store, data = FileStore(str(tmp_path / "store")), REPORT.read_bytes()
    document_id = hashlib.sha256(data).hexdigest()
    store.save(document_id, "report.pdf", data)
    return store, document_id


def test_stored_page_is_drawn_once(
    stored: tuple[FileStore, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same page again comes from memory, even when its file is gone."""
    store, document_id = stored
    kept = PageImages(store)
    first = kept.draw(document_id, "report.pdf", 9, DIVIDEND)
    store.delete(document_id)
    assert kept.draw(document_id, "report.pdf", 9, DIVIDEND) is first
    with pytest.raises(UnreadableDocumentError, match="gone"):
        kept.draw(document_id, "report.pdf", 9, "other words")


def test_memory_for_pictures_is_bounded(
    stored: tuple[FileStore, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pictures that were not looked at for longest go first."""
    store, document_id = stored
    drawn: list[int] = []

    def draw(path: Path, page: int, passage: str) -> PageImage:
        drawn.append(page)
        return PageImage(b"x" * 40, 9, 1.0)

    monkeypatch.setattr(page_images, "draw_page", draw)
    monkeypatch.setattr(page_images, "CACHE_BYTES", 100)
    kept = PageImages(store)
    for page in (1, 2, 1, 3, 1, 2):
        kept.draw(document_id, "report.pdf", page, "words")
    assert drawn == [1, 2, 3, 2]


def test_page_that_failed_is_not_tried_again_at_once(
    stored: tuple[FileStore, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hostile page takes its time once, not with every look; later it is tried again."""
    store, document_id = stored
    tries: list[int] = []

    def fail(path: Path, page: int, passage: str) -> PageImage:
        tries.append(page)
        raise UnreadablePageError("This page takes too long.")

    monkeypatch.setattr(page_images, "draw_page", fail)
    now = 0.0
    kept = PageImages(store, clock=lambda: now)
    for _ in range(2):
        with pytest.raises(UnreadablePageError, match="too long"):
            kept.draw(document_id, "report.pdf", 1, "words")
    assert tries == [1]
    now = page_images.FAILURE_SECONDS
    with pytest.raises(UnreadablePageError):
        kept.draw(document_id, "report.pdf", 1, "words")
    assert tries == [1, 1]


def test_few_pages_are_drawn_at_once(
    stored: tuple[FileStore, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits too long behind others is told so, and it is no failure of the page."""
    store, document_id = stored
    go, begun = threading.Event(), threading.Semaphore(0)

    def draw(path: Path, page: int, passage: str) -> PageImage:
        begun.release()
        assert go.wait(HANG_SECONDS)
        return PageImage(b"x", 9, 1.0)

    monkeypatch.setattr(page_images, "draw_page", draw)
    monkeypatch.setattr(page_images, "WAIT_SECONDS", 0.05)
    kept = PageImages(store)
    threads = [
        threading.Thread(
            target=kept.draw,
            args=(document_id, "report.pdf", page, "words"),
            kwargs={"user": f"user {page}"},
        )
        for page in range(page_images.AT_ONCE)
    ]
    try:
        for thread in threads:
            thread.start()
        for _ in threads:
            assert begun.acquire(timeout=HANG_SECONDS)
        with pytest.raises(UnreadablePageError, match="Too many"):
            kept.draw(document_id, "report.pdf", 9, "words", user="ann")
    finally:
        go.set()
        for thread in threads:
            thread.join(HANG_SECONDS)
    assert kept.draw(document_id, "report.pdf", 9, "words").pages == 9


def test_one_user_does_not_take_all_places(
    stored: tuple[FileStore, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who draws one page after another leaves a place for somebody else."""
    store, document_id = stored
    go, begun = threading.Event(), threading.Semaphore(0)

    def draw(path: Path, page: int, passage: str) -> PageImage:
        if page < 9:
            begun.release()
            assert go.wait(HANG_SECONDS)
        return PageImage(b"x", 9, 1.0)

    monkeypatch.setattr(page_images, "draw_page", draw)
    monkeypatch.setattr(page_images, "WAIT_SECONDS", HANG_SECONDS)
    kept = PageImages(store)
    threads = [
        threading.Thread(
            target=kept.draw,
            args=(document_id, "report.pdf", page, "words"),
            kwargs={"user": "mallory"},
        )
        for page in range(1, 1 + page_images.AT_ONCE)
    ]
    try:
        for thread in threads:
            thread.start()
        assert begun.acquire(timeout=HANG_SECONDS)
        assert kept.draw(document_id, "report.pdf", 9, "words", user="ann").pages == 9
    finally:
        go.set()
        for thread in threads:
            thread.join(HANG_SECONDS)


def test_picture_is_shown_as_it_is(tmp_path: Path) -> None:
    """The page of a picture is the picture, the right way up, and nothing is marked."""
    path, exif = tmp_path / "photo", Image.Exif()
    exif[0x112] = 6
    Image.new("RGB", (3000, 2000), "navy").save(path, "JPEG", exif=exif)
    picture = draw_page(path, 1, "words")
    image = Image.open(io.BytesIO(picture.data))
    assert (picture.pages, picture.share, image.size) == (1, 0.0, (WIDTH_PIXELS, 1800))


def test_page_of_a_fax_is_shown(tmp_path: Path) -> None:
    """Each page of a TIFF has its picture; others are not there."""
    path = tmp_path / "fax"
    pages = [Image.new("1", (600, 800), colour) for colour in (1, 0)]
    pages[0].save(path, "TIFF", save_all=True, append_images=pages[1:])
    picture = draw_page(path, 2, "words")
    colours = Image.open(io.BytesIO(picture.data)).convert("RGB").getcolors()
    assert (picture.pages, colours) == (2, [(600 * 800, (0, 0, 0))])
    with pytest.raises(UnreadablePageError):
        draw_page(path, 3, "words")


def test_pdfs_and_pictures_have_pictures() -> None:
    """The pages of other formats depend on the program that shows them."""
    assert has_pictures("Report.PDF")
    assert has_pictures("photo.Jpeg")
    assert not has_pictures("report.pdf.docx")


def test_original_is_read_from_the_store(stored: tuple[FileStore, str]) -> None:
    """The download is the file as it was uploaded, for as long as it is there."""
    store, document_id = stored
    kept = PageImages(store)
    assert kept.has_original(document_id, "report.pdf")
    assert b"".join(kept.original(document_id, "report.pdf")) == REPORT.read_bytes()
    store.delete(document_id)
    assert not kept.has_original(document_id, "report.pdf")
