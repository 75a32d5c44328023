"""`python -m jobs.cli documents`: add, list, index again and remove documents from a shell."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from jobs.documents.client import SUPPORTED_EXTENSIONS, DocumentClient
from jobs.documents.file_store import FileStore
from jobs.documents.repository import DocumentRepository
from jobs.errors import AskqueueError, BrokerUnavailableError, NotFoundError
from jobs.models import SHELL_USER, Document, DocumentStatus, Visibility
from jobs.queue.broker import Broker
from jobs.queue.connection import broker_errors, connect
from jobs.queue.workers import living_workers
from jobs.settings import INDEXING_QUEUE, Settings

POLL_SECONDS = 0.3

NO_WORKER = "No worker is indexing: documents are queued until one starts (make run)."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0 if all went well, 1 if not."""
    options = _parser().parse_args(arguments)
    settings = Settings()
    broker = Broker(connect(settings.broker_url), settings)
    documents = DocumentClient(
        broker, FileStore(settings.document_store_url), DocumentRepository(broker.connection)
    )
    try:
        if options.command == "list":
            return _list(documents)
        if options.command == "remove":
            return _remove(documents, options.ids)
        if options.command == "index-again":
            return _index_again(documents, options.ids)
        if options.private and not options.owner:
            _say("Say whose the private documents are: --owner USER")
            return 1

        def is_anyone_indexing() -> bool:
            with broker_errors():
                workers = living_workers(broker.connection)
            return any(INDEXING_QUEUE in worker.queues for worker in workers)

        owner = options.owner if options.private else ""
        return _add(documents, options.paths, owner, is_anyone_indexing, wait=not options.no_wait)
    except AskqueueError as error:
        _say(f"{error.message}\n{error.command}".strip())
        return 1
    except KeyboardInterrupt:
        _say("\nWhat was added goes on being indexed.")
        return 1
    finally:
        broker.connection.close()


def _add(
    documents: DocumentClient,
    paths: Sequence[Path],
    owner: str,
    is_anyone_indexing: Callable[[], bool],
    *,
    wait: bool,
) -> int:
    visibility = Visibility.PRIVATE if owner else Visibility.SHARED
    added: dict[str, str] = {}
    refused = 0
    for path in _files(paths):
        try:
            documents.check(path.name, path.stat().st_size)
            document, is_new = documents.add(
                owner or SHELL_USER, path.name, path.read_bytes(), visibility
            )
        except BrokerUnavailableError:
            raise  # the next file would meet it as well
        except (AskqueueError, OSError) as error:
            refused += 1
            _say(f"{path}: {getattr(error, 'message', '') or error}")
            continue
        if not is_new:
            _say(f"{path}: already there as “{document.name}”")
        added[document.id] = str(path)
    if not added and not refused:
        _say("There is no document that can be read.")
    if wait and added:
        _watch(documents, added, owner, is_anyone_indexing)
    elif added and not is_anyone_indexing():
        _say(NO_WORKER)
    now = documents.find([*added], owner)
    failed = [item for item in now if item.status is DocumentStatus.FAILED]
    indexed = sum(item.status is DocumentStatus.INDEXED for item in now)
    for document in failed:
        _say(f"{added[document.id]}: {document.failure.message if document.failure else 'failed'}")
    waiting = len(now) - len(failed) - indexed
    _say(f"{indexed} indexed, {waiting} queued, {len(failed)} failed, {refused} refused")
    return 1 if failed or refused or not added or (wait and waiting) else 0


def _watch(
    documents: DocumentClient,
    added: dict[str, str],
    owner: str,
    is_anyone_indexing: Callable[[], bool],
) -> None:
    """Show a progress bar until all are done, or until no worker is left."""
    with tqdm(total=len(added), unit="document", bar_format="{l_bar}{bar}| {n:.1f}/{total}") as bar:
        while True:
            known = documents.find([*added], owner)
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
                return
            if not is_anyone_indexing():
                bar.write(NO_WORKER)
                return
            time.sleep(POLL_SECONDS)


def _list(documents: DocumentClient) -> int:
    for item in documents.list_all():
        # What a private document is about is for nobody but its owner, not even an operator.
        name = f"(private to {item.owner})" if item.owner else item.name
        _say(f"{item.id[:12]}  {item.status.value:8}  {item.passages:5} passages  {name}")
    return 0


def _remove(documents: DocumentClient, ids: Sequence[str]) -> int:
    for item in _chosen(documents, ids):
        documents.delete(SHELL_USER, item.id, is_operator=True)
        _say(f"removed {_name(item)}")
    return 0


def _index_again(documents: DocumentClient, ids: Sequence[str]) -> int:
    """Queue documents, all of them unless some are named, to be read and indexed anew."""
    queued = 0
    for item in _chosen(documents, ids) if ids else documents.list_all():
        try:
            documents.index_again(SHELL_USER, item.id, is_operator=True)
            queued += 1
        except BrokerUnavailableError:
            raise  # the next would meet it as well
        except AskqueueError as error:
            _say(f"{_name(item)}: {error.message}")
    _say(f"{queued} queued")
    return 0


def _chosen(documents: DocumentClient, ids: Sequence[str]) -> Iterator[Document]:
    """Yield the documents whose ids begin so; raises NotFoundError where that is not one."""
    known = documents.list_all()
    for prefix in ids:
        matches = [item for item in known if item.id.startswith(prefix)]
        if len(matches) != 1:
            what = "no such document" if not matches else "several documents"
            raise NotFoundError(f"{prefix}: {what}")
        yield matches[0]


def _name(item: Document) -> str:
    # What a private document is about is for nobody but its owner, not even an operator.
    return f"a private document of {item.owner}" if item.owner else item.name


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files, and those in folders whose type is supported."""
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
    parser = argparse.ArgumentParser(prog="python -m jobs.cli documents")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="store files and index them")
    add.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file or a folder")
    add.add_argument("--no-wait", action="store_true", help="do not wait for the index")
    add.add_argument("--private", action="store_true", help="for one user alone, see --owner")
    add.add_argument("--owner", default="", metavar="USER", help="who sees the private documents")
    commands.add_parser("list", help="show all documents")
    again = commands.add_parser("index-again", help="read and index all documents anew, or some")
    again.add_argument("ids", nargs="*", metavar="ID", help="an id, or how it begins")
    remove = commands.add_parser("remove", help="delete documents")
    remove.add_argument("ids", nargs="+", metavar="ID", help="an id, or how it begins")
    return parser
