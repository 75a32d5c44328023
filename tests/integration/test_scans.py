"""Scans through a real worker: their progress is seen, and one that is deleted is given up."""

from __future__ import annotations

import psutil
import redis

from jobs.models import Document
from jobs.settings import Settings
from tests.integration.stack import Stack, stack_of
from tests.scans import pdf, scan
from tests.waiting import until

PAGES = 20


def readers(stack: Stack) -> list[psutil.Process]:
    """The living processes that read documents for the worker."""
    return psutil.Process(stack.worker.pid).children()


def stage_of(stack: Stack, document: Document) -> str:
    return stack.documents.get(document.id).stage


def test_scan_is_read_page_by_page_until_it_is_deleted(
    settings: Settings, connection: redis.Redis
) -> None:
    """Its page is said, its reader ends with it, and the next document is indexed."""
    with stack_of(settings, connection) as stack:
        stack.start_worker()
        pages = pdf(*(scan([f"Page {number}, EUR {number}.50"]) for number in range(PAGES)))
        document, _ = stack.documents.add("ann", "scan.pdf", pages)
        until(lambda: f" of {PAGES}" in stage_of(stack, document), "a page that is read")
        assert readers(stack)
        stack.documents.delete("ann", document.id)
        until(lambda: not readers(stack), "the end of the reader")
        stack.add_document()
