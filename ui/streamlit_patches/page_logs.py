"""Send Streamlit's log of errors in pages through our logs.

What: the handlers of the logger `streamlit.error_util`, and a filter on the logger
    `streamlit.runtime.backend_operation_handler`.
Why: the first has a handler of its own, which prints secrets that ours hides; the second logs a
    trace for every click on a download whose page has been redrawn since.
Until: Streamlit's loggers propagate by default, and a file that is gone is not an error there.
"""

from __future__ import annotations

import logging

from streamlit.runtime.media_file_storage import MediaFileStorageError

PAGE_ERRORS = "streamlit.error_util"
FILE_REQUESTS = "streamlit.runtime.backend_operation_handler"


def redirect_page_logs() -> None:
    """Hand Streamlit's records to the root logger; those of missing files take one line."""
    page_errors = logging.getLogger(PAGE_ERRORS)
    page_errors.handlers.clear()
    page_errors.propagate = True
    logging.getLogger(FILE_REQUESTS).addFilter(_without_trace_of_missing_file)


def _without_trace_of_missing_file(record: logging.LogRecord) -> bool:
    if record.exc_info and isinstance(record.exc_info[1], MediaFileStorageError):
        record.exc_info = None
    return True
