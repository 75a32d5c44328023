"""What the child process hands over of files within a file, right or not."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from jobs.errors import DocumentStoreFullError
from jobs.extraction.attachment_files import AttachmentFiles
from jobs.extraction.attachment_limits import MAX_ATTACHMENTS, MAX_NAME_CHARS
from jobs.extraction.sandbox import BrokenOutputError

HELLO = base64.b64encode(b"Hello").decode()


@pytest.fixture
def files(tmp_path: Path) -> AttachmentFiles:
    return AttachmentFiles(tmp_path, max_bytes=100)


def test_pieces_make_a_file(files: AttachmentFiles) -> None:
    """Its name is kept as a label; where it lies has nothing to do with it."""
    files.begin("../../etc/passwd", 10)
    files.add(HELLO)
    assert not files.is_complete
    files.add(HELLO)
    [file] = files.files
    assert files.is_complete
    assert (file.name, file.path.read_bytes()) == ("../../etc/passwd", b"HelloHello")
    assert file.path.name == "1"


def test_what_is_of_no_use_is_left_out_and_counted(files: AttachmentFiles) -> None:
    """Their data is taken all the same, and kept nowhere."""
    for size in (0, 105, 5):
        files.begin("a.txt", size)
        for _ in range(size // 5):
            files.add(HELLO)
    assert len(files.files) == 1
    assert files.notes() == (
        "1 file in it was not added: empty.",
        "1 file in it was not added: larger than 0 MB, the most of one document.",
    )


def test_files_are_taken_up_to_a_bound(files: AttachmentFiles) -> None:
    """A note says how many were not."""
    for _ in range(MAX_ATTACHMENTS + 2):
        files.begin("a.txt", 5)
        files.add(HELLO)
    assert len(files.files) == MAX_ATTACHMENTS
    assert files.notes() == ("2 files in it were not added: beyond what is taken of one file.",)


@pytest.mark.parametrize(
    ("name", "size", "pieces"),
    [
        ("a.txt", -1, []),
        ("a" * (MAX_NAME_CHARS + 1), 5, []),
        ("a.txt", 4, [HELLO]),
        ("a.txt", 5, [HELLO, HELLO]),
        ("a.txt", 5, ["no Base64"]),
        ("a.txt", 5, [""]),
    ],
)
def test_what_our_program_does_not_hand_over_is_refused(
    files: AttachmentFiles, name: str, size: int, pieces: list[str]
) -> None:
    """A file may have taken the process over."""

    def hand_over() -> None:
        files.begin(name, size)
        for piece in pieces:
            files.add(piece)

    with pytest.raises(BrokenOutputError):
        hand_over()


def test_next_file_begins_after_the_whole_of_the_one_before(files: AttachmentFiles) -> None:
    """Nothing is missing between them."""
    files.begin("a.txt", 6)
    files.add(HELLO)
    with pytest.raises(BrokenOutputError):
        files.begin("b.txt", 5)


def test_full_disk_says_so(tmp_path: Path) -> None:
    """The job fails with a sentence for the operator."""
    files = AttachmentFiles(tmp_path / "missing", max_bytes=100)
    files.begin("a.txt", 5)
    with pytest.raises(DocumentStoreFullError, match="no space left"):
        files.add(HELLO)


def test_without_a_folder_nothing_is_kept() -> None:
    """What is only read again needs no files."""
    files = AttachmentFiles(None, max_bytes=100)
    files.begin("a.txt", 5)
    files.add(HELLO)
    assert (files.files, files.notes()) == ((), ())
