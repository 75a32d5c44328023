"""Uploaded files on a local disk, and on another file system of fsspec."""

from __future__ import annotations

import errno
import os
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.documents.file_store import SAFE_NAME_BYTES, FileStore
from jobs.errors import (
    DocumentStoreFullError,
    DocumentStoreUnavailableError,
    UnreadableDocumentError,
)


@pytest.fixture(params=["folder", "file-url", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    urls = {
        "folder": str(tmp_path / "store"),
        "file-url": (tmp_path / "store").as_uri(),
        "memory": f"memory://{tmp_path}",
    }
    return FileStore(urls[request.param])


def test_file_is_read_as_it_was_saved(store: FileStore) -> None:
    """Also a second time, over the first."""
    store.save("id", "Größe.txt", b"first")
    store.save("id", "Größe.txt", b"second")
    assert store.read("id", "Größe.txt") == b"second"
    with store.local_copy("id", "Größe.txt") as path:
        assert (path.suffix, path.read_bytes()) == (".txt", b"second")


def test_large_file_is_not_held_while_it_is_copied(store: FileStore) -> None:
    """A worker reads a file of any size from any store in pieces."""
    store.save("id", "a.txt", bytes(20 * 2**20))
    tracemalloc.start()
    try:
        with store.local_copy("id", "a.txt") as path:
            assert path.stat().st_size == 20 * 2**20
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


def test_deleted_file_is_gone_and_deleting_again_is_no_error(store: FileStore) -> None:
    """Another document stays."""
    store.save("id", "a.txt", b"x")
    store.save("other", "a.txt", b"y")
    store.delete("id")
    store.delete("id")
    assert not store.exists("id", "a.txt")
    assert store.read("other", "a.txt") == b"y"


def test_missing_file_asks_for_another_upload(store: FileStore) -> None:
    """To try again would not bring it back, so it is no fault of the store."""
    with pytest.raises(UnreadableDocumentError, match="Upload it again"):
        store.read("id", "a.txt")
    with (
        pytest.raises(UnreadableDocumentError, match="Upload it again"),
        store.local_copy("id", "a"),
    ):
        pass


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "a/b\\c.txt",
        "..",
        "",
        "\0.txt",
        "文" * 300 + ".docx",
        "\udcff.txt",
        "a\nb",
    ],
)
def test_any_name_can_be_stored(tmp_path: Path, name: str) -> None:
    """Whatever a browser sends as a name stays in the folder of its document."""
    store = FileStore(str(tmp_path / "store"))
    store.save("id", name, b"x")
    assert store.read("id", name) == b"x"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.parent for path in files] == [tmp_path / "store" / "id"]
    assert len(files[0].name.encode()) <= SAFE_NAME_BYTES
    if name.endswith(".docx"):
        assert files[0].suffix == ".docx"


def failing(number: int) -> Callable[..., int]:
    def write(*_arguments: object) -> int:
        raise OSError(number, os.strerror(number))

    return write


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "no space left"),
        (errno.EDQUOT, "no space left"),
        (errno.EFBIG, "no space left"),
        (errno.EACCES, "permissions"),
    ],
)
def test_failed_write_is_explained_and_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, sentence: str
) -> None:
    """A full disk has a sentence of its own; nothing half-written is left."""
    store = FileStore(str(tmp_path))
    store.save("id", "a.txt", b"old")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", failing(number))
        with pytest.raises(DocumentStoreUnavailableError, match=sentence):
            store.save("id", "a.txt", b"new")
    assert [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()] == [b"old"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_full_disk_leaves_no_trace_of_a_new_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Neither a part of the file nor its folder is there when the disk was full."""
    monkeypatch.setattr(Path, "write_bytes", failing(number))
    with pytest.raises(DocumentStoreFullError):
        FileStore(str(tmp_path)).save("id", "a.txt", b"new")
    assert list(tmp_path.iterdir()) == []


def test_full_temporary_folder_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that finds no room for a copy of a remote file does not blame the store."""
    store = FileStore(f"memory://{tmp_path}")
    store.save("id", "a.txt", b"x")
    monkeypatch.setattr(shutil, "copyfileobj", failing(errno.ENOSPC))
    with pytest.raises(DocumentStoreFullError, match="temporary"), store.local_copy("id", "a.txt"):
        pass


def test_break_in_the_middle_of_a_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is there whole, or not at all."""
    store = FileStore(str(tmp_path))
    store.save("id", "a.txt", b"old")

    def half(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:1])
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", half)
        with pytest.raises(DocumentStoreUnavailableError):
            store.save("id", "a.txt", b"new")
    assert store.read("id", "a.txt") == b"old"
    assert len(list((tmp_path / "id").iterdir())) == 1


def test_store_whose_package_is_missing_says_so() -> None:
    """An address of a kind that nothing installed understands names the setting."""
    store = FileStore("gs://bucket/folder")
    with pytest.raises(DocumentStoreUnavailableError, match="DOCUMENT_STORE"):
        store.save("id", "a.txt", b"x")
