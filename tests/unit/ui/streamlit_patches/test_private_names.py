"""The private names that we use are there: an upgrade that removes one fails here, by its name."""

from __future__ import annotations

import logging
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from pkgutil import iter_modules

import pytest

from ui import streamlit_patches
from ui.streamlit_patches import page_logs
from ui.streamlit_patches.index_page import index_html
from ui.web.security_headers import INLINE_SCRIPT

STREAMLIT = {
    "streamlit.auth_util": [
        "MAX_COOKIE_BYTES",
        "get_origin_from_redirect_uri",
        "get_secrets_auth_section",
    ],
    "streamlit.file_util": ["get_static_dir"],
    "streamlit.runtime.app_session": [
        "_populate_theme_msg",
        "ForwardMsgQueue",
        "ForwardMsgQueue.clear",
    ],
    "streamlit.runtime.media_file_storage": ["MediaFileStorageError"],
    "streamlit.runtime.memory_session_storage": [
        "MemorySessionStorage.delete",
        "MemorySessionStorage.list",
        "MemorySessionStorage.save",
    ],
    "streamlit.runtime.memory_uploaded_file_manager": [
        "MemoryUploadedFileManager.add_file",
        "MemoryUploadedFileManager.get_upload_urls",
        "MemoryUploadedFileManager.remove_session_files",
    ],
    "streamlit.runtime": ["exists", "get_instance", "Runtime.get_client"],
    "streamlit.runtime.runtime": [
        "AsyncObjects",
        "Runtime._enqueued_some_message",
        "Runtime._get_async_objs",
    ],
    "streamlit.runtime.pages_manager": ["PagesManager.uses_pages_directory"],
    "streamlit.web.server.server_util": ["get_cookie_secret"],
    "streamlit.web.server.starlette.starlette_app_utils": [
        "create_signed_value",
        "decode_signed_value",
    ],
    "streamlit.web.server.starlette.starlette_auth_routes": [
        "_get_auth_cookie_attribute_size",
        "_set_auth_cookie",
        "get_cookie_with_chunks",
    ],
    "streamlit.web.server.starlette.starlette_server_config": [
        "TOKENS_COOKIE_NAME",
        "USER_COOKIE_NAME",
    ],
    "streamlit.web.server.starlette.starlette_websocket": ["get_cookie_with_chunks"],
}


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in STREAMLIT.items() for name in names]
)
def test_streamlit_has_the_name(module: str, name: str) -> None:
    """Assigning to a name that is gone would raise nothing, and change nothing."""
    attrgetter(name)(import_module(module))


@pytest.mark.parametrize("name", [page_logs.PAGE_ERRORS, page_logs.FILE_REQUESTS])
def test_streamlit_logs_under_the_name(name: str) -> None:
    """Each of these modules logs under its own name."""
    assert import_module(name)._LOGGER is logging.getLogger(name)


def test_page_of_streamlit_has_inline_scripts() -> None:
    """The policy of the pages names what is found in this file."""
    assert INLINE_SCRIPT.findall(index_html())


def test_each_patch_says_what_why_and_until_when() -> None:
    """Whoever upgrades Streamlit reads there what can go."""
    for module in iter_modules([str(Path(streamlit_patches.__file__).parent)]):
        text = import_module(f"ui.streamlit_patches.{module.name}").__doc__ or ""
        assert all(f"\n{head}: " in text for head in ("What", "Why", "Until")), module.name
