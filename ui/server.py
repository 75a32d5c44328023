"""The web process: the pages, and the HTTP API at /api. Run by `streamlit run ui/server.py`."""

from __future__ import annotations

import gc
import sys
from functools import partial

import streamlit as st
from starlette.middleware import Middleware
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route

from jobs.access.operators import are_operators
from jobs.errors import AskqueueError
from jobs.logs import configure_logging
from ui.api.application import create_app
from ui.clients import get_clients
from ui.identity.browser_cookie import signer_of
from ui.identity.people import IdentityMiddleware, owner_of_page
from ui.streamlit_patches.bounded_sessions import bound_sessions
from ui.streamlit_patches.bounded_uploads import bound_uploads
from ui.streamlit_patches.few_wakeups import wake_seldom
from ui.streamlit_patches.index_page import index_html
from ui.streamlit_patches.kept_replies import keep_replies
from ui.streamlit_patches.login_cookie import keep_logins_whole
from ui.streamlit_patches.page_logs import redirect_page_logs
from ui.streamlit_patches.pages_folder import ignore_pages_folder
from ui.streamlit_patches.theme_cache import keep_theme
from ui.web.allowed_hosts import AllowedHosts
from ui.web.deep_links import DeepLinks
from ui.web.open_pages import BoundedPages
from ui.web.security_headers import INLINE_SCRIPT, PageHeaders
from ui.web.startup_checks import check_start
from ui.web.streamlit_routes import StreamlitRoutes
from ui.web.uploads import BoundedUploadRequests

API_PREFIX = "/api"
# Each refresh of a page leaves reference cycles behind. With Python's thresholds, made for small
# programs, looking for them took a fifth of the time; these let about 10 MB of them gather.
GARBAGE_THRESHOLDS = (50_000, 20, 50)
# One thread talks to all browsers; it waits this long for each thread that draws a page.
SWITCH_SECONDS = 0.0005

sys.setswitchinterval(SWITCH_SECONDS)
gc.freeze()  # what is loaded now stays
gc.set_threshold(*GARBAGE_THRESHOLDS)
keep_theme()
keep_replies()
wake_seldom()
ignore_pages_folder()
clients = get_clients()
settings = clients.settings
bound_uploads(partial(owner_of_page, settings=settings))
bound_sessions()
configure_logging(settings)
redirect_page_logs()
check_start(settings)
keep_logins_whole(lambda group: are_operators(settings, [group]))
signer_of(settings)  # a secret that cannot be read is to fail now, not at the first visit


def show_script_error(_error: Exception) -> bool:
    """Show a sentence on the page; the trace goes to the log alone."""
    st.error(AskqueueError.message, icon=":material/error:")
    return True


app = st.App(
    "home.py",
    routes=[
        # without it, this address would be that of a page
        Route(API_PREFIX, RedirectResponse(f"{API_PREFIX}/")),
        Mount(API_PREFIX, app=create_app(clients)),
    ],
    middleware=[
        Middleware(PageHeaders, inline_scripts=INLINE_SCRIPT.findall(index_html())),
        Middleware(AllowedHosts, allowed=settings.host_names),
        Middleware(StreamlitRoutes, settings=settings),
        Middleware(DeepLinks, settings=settings),
        Middleware(IdentityMiddleware, settings=settings, no_pages=(API_PREFIX,)),
        Middleware(BoundedPages, settings=settings),
        # after the identity, which says whose connection a page's is
        Middleware(BoundedUploadRequests, settings=settings),
    ],
    on_script_error=show_script_error,
)
