"""`python -m jobs.documents`: add, list and remove documents from a shell."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from jobs.broker import Broker, connect
from jobs.client import JobClient
from jobs.documents import SUPPORTED_EXTENSIONS, DocumentClient
from jobs.errors import AskqueueError
from jobs.models import Document, DocumentStatus
from jobs.register import DocumentRegister
from jobs.settings import Settings
from jobs.store import DocumentStore

POLL_SECONDS = 0.3
SHELL_USER = "shell"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 if all went well, 1 if not."""
    options = _parser().parse_args(arguments)
    settings = Settings()
    broker = Broker(connect(settings.broker_url), settings)
    documents = DocumentClient(
        broker, DocumentStore(settings.document_store_url), DocumentRegister(broker.connection)
    )
    try:
        if options.command == "list":
            return _list(documents)
        if options.command == "remove":
            return _remove(documents, options.ids)
        if not JobClient(broker).workers():
            _say("No worker is running: documents are queued until one starts (make run).")
            options.no_wait = True
        return _add(documents, options.paths, wait=not options.no_wait)
    except AskqueueError as error:
        _say(error.message)
        return 1


def _add(documents: DocumentClient, paths: Sequence[Path], *, wait: bool) -> int:
    added: dict[str, str] = {}
    refused = 0
    for path in _files(paths):
        try:
            document, is_new = documents.add(SHELL_USER, path.name, path.read_bytes())
        except (AskqueueError, OSError) as error:
            refused += 1
            _say(f"{path}: {getattr(error, 'message', '') or error}")
            continue
        if not is_new:
            _say(f"{path}: already there as “{document.name}”")
        added[document.id] = str(path)
    failed = _watch(documents, added) if wait and added else []
    for document in failed:
        _say(f"{added[document.id]}: {document.failure.message if document.failure else 'failed'}")
    word = "indexed" if wait else "queued"
    _say(f"{len(added) - len(failed)} {word}, {len(failed)} failed, {refused} refused")
    return 1 if failed or refused or not added else 0


def _watch(documents: DocumentClient, added: dict[str, str]) -> list[Document]:
    """Show a bar until all are done; returns those that failed."""
    with tqdm(total=len(added), unit="document", bar_format="{l_bar}{bar}| {n:.1f}/{total}") as bar:
        while True:
            known = [item for item in documents.list() if item.id in added]
            over = [
                item
                for item in known
                if item.status in (DocumentStatus.INDEXED, DocumentStatus.FAILED)
            ]
            running = next((item for item in known if item.stage), None)
            bar.n = len(over) + sum(item.progress for item in known if item not in over)
            bar.set_description_str(f"{running.name}: {running.stage}" if running else "")
            bar.refresh()
            if len(over) >= len(known):
                return [item for item in over if item.status is DocumentStatus.FAILED]
            time.sleep(POLL_SECONDS)


def _list(documents: DocumentClient) -> int:
    for item in documents.list():
        _say(f"{item.id[:12]}  {item.status.value:8}  {item.passages:5} passages  {item.name}")
    return 0


def _remove(documents: DocumentClient, ids: Sequence[str]) -> int:
    known = documents.list()
    for prefix in ids:
        matches = [item for item in known if item.id.startswith(prefix)]
        if len(matches) != 1:
            _say(f"{prefix}: {'no such document' if not matches else 'several documents'}")
            return 1
        documents.delete(SHELL_USER, matches[0].id)
        _say(f"removed {matches[0].name}")
    return 0


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files themselves, and those in folders that can be read."""
    for path in paths:
        if path.is_dir():
            yield from sorted(
                file
                for file in path.rglob("*")
                if file.is_file() and file.suffix.lower() in SUPPORTED_EXTENSIONS
            )
        else:
            yield path


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m jobs.documents")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="store files and index them")
    add.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file or a folder")
    add.add_argument("--no-wait", action="store_true", help="do not wait for the index")
    commands.add_parser("list", help="show all documents")
    remove = commands.add_parser("remove", help="delete documents")
    remove.add_argument("ids", nargs="+", metavar="ID", help="an id, or how it begins")
    return parser
