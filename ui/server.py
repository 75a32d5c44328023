"""The web process: the pages, and the HTTP API at /api. Run by `streamlit run ui/server.py`."""

from __future__ import annotations

import gc
import logging
import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route
from streamlit.file_util import get_static_dir
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.pages_manager import PagesManager

from jobs.errors import AskqueueError
from jobs.logs import configure_logging
from ui.api.application import create_app
from ui.clients import get_clients
from ui.identity.browser_cookie import signer_of
from ui.identity.people import IdentityMiddleware
from ui.streamlit_patches.kept_replies import keep_replies
from ui.streamlit_patches.theme_cache import keep_theme
from ui.web.allowed_hosts import AllowedHosts
from ui.web.deep_links import DeepLinks
from ui.web.security_headers import INLINE_SCRIPT, PageHeaders
from ui.web.startup_checks import check_start

API_PREFIX = "/api"
# Each refresh of a page leaves cycles behind. Python's thresholds, made for small programs, had a
# fifth of the time go into looking for them; these let more of them gather, some 10 MB.
GARBAGE_THRESHOLDS = (50_000, 20, 50)
# One thread talks to all browsers, and has to wait so long for each that draws a page.
SWITCH_SECONDS = 0.0005

sys.setswitchinterval(SWITCH_SECONDS)
gc.freeze()  # what is loaded now stays
gc.set_threshold(*GARBAGE_THRESHOLDS)
keep_theme()
keep_replies()
clients = get_clients()
settings = clients.settings
configure_logging(settings)
check_start(settings)
signer_of(settings)  # a secret that cannot be read is to fail now, not at the first visit

# Streamlit logs what goes wrong in a page, with a handler of its own: ours hides secrets.
_page_errors = logging.getLogger("streamlit.error_util")
_page_errors.handlers.clear()
_page_errors.propagate = True


def shorten_gone_file(record: logging.LogRecord) -> bool:
    """Log a file that is no longer there on one line: its page was drawn anew since the click."""
    if record.exc_info and isinstance(record.exc_info[1], MediaFileStorageError):
        record.exc_info = None
    return True


logging.getLogger("streamlit.runtime.backend_operation_handler").addFilter(shorten_gone_file)

# Because of the folder ui/pages, a fresh process takes this for an app without a navigation, until
# home.py first runs; a first visit to another page than the start page would never run it.
PagesManager.uses_pages_directory = False

# The page itself, which Streamlit brings along, has one or two lines of script.
page_scripts = INLINE_SCRIPT.findall((Path(get_static_dir()) / "index.html").read_text())


def show_script_error(_error: Exception) -> bool:
    """Show a sentence on the page; the trace goes to the log alone."""
    st.error(AskqueueError.message, icon=":material/error:")
    return True


app = st.App(
    "home.py",
    routes=[
        # without it, this address would be taken for a page
        Route(API_PREFIX, RedirectResponse(f"{API_PREFIX}/")),
        Mount(API_PREFIX, app=create_app(clients)),
    ],
    middleware=[
        Middleware(PageHeaders, inline_scripts=page_scripts),
        Middleware(AllowedHosts, allowed=settings.host_names),
        Middleware(DeepLinks, settings=settings),
        Middleware(IdentityMiddleware, settings=settings, no_pages=(API_PREFIX,)),
    ],
    on_script_error=show_script_error,
)
