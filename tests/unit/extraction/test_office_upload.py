"""Office files of all kinds on their way from the upload to passages, through the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.extraction.extract import extract
from jobs.extraction.upload_check import check_upload
from jobs.settings import Settings
from tests.office_files import docx, opendocument, paragraph, pptx, shape

SENTENCE = "The ferry sails at 6.40."
WORD, SLIDES = docx(paragraph(SENTENCE)), pptx([shape(SENTENCE)])
TEXT = opendocument("text", f"<text:p>{SENTENCE}</text:p>")
SHOW = opendocument(
    "presentation",
    "<draw:page><draw:frame><draw:text-box>"
    f"<text:p>{SENTENCE}</text:p></draw:text-box></draw:frame></draw:page>",
)
RICH = rf"{{\rtf1\ansi {SENTENCE}\par}}".encode()


@pytest.mark.parametrize(
    ("data", "names", "place"),
    [
        (WORD, ("a.docx", "a.docm", "a.dotx", "A.DOTM"), ""),
        (SLIDES, ("a.pptx", "a.pptm", "a.ppsx", "a.ppsm", "a.potx"), "slide 1"),
        (TEXT, ("a.odt", "a.ott"), ""),
        (SHOW, ("a.odp", "a.otp"), "slide 1"),
        (RICH, ("a.rtf",), ""),
    ],
    ids=["Word", "slides", "OpenDocument text", "OpenDocument slides", "RTF"],
)
def test_office_files_are_taken_and_read(
    tmp_path: Path, settings: Settings, data: bytes, names: tuple[str, ...], place: str
) -> None:
    """With macros, as templates or as shows, they are what their content says."""
    for name in names:
        check_upload(name, data)
    path = tmp_path / "stored"
    path.write_bytes(data)
    (passage,) = extract(path, names[-1], settings).passages

    assert (passage.text, passage.place) == (SENTENCE, place)
