"""The web process as it is started: pages and API on one port, cookies, headers, errors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from jobs.errors import AskqueueError
from tests.integration.processes import STOP_SECONDS, free_port
from tests.waiting import HANG_SECONDS, until

ROOT = Path(__file__).resolve().parent.parent.parent

# What a page says to a browser that sent no cookie.
NO_COOKIE = "Allow cookies"

# A server like ui/server.py, whose only page has a bug.
BROKEN_SERVER = """
import streamlit as st
from ui import server
app = st.App("page.py", on_script_error=server.show_script_error)
"""
BROKEN_PAGE = """
raise RuntimeError("detail for the log alone")
"""


@dataclass(frozen=True)
class Web:
    """A running web process."""

    host: str
    log: Path

    @property
    def url(self) -> str:
        return f"http://{self.host}"


@contextmanager
def running(server: Path, valkey_url: str, folder: Path, **settings: str) -> Iterator[Web]:
    """Start a server with the project's configuration, until the block ends."""
    web = Web(f"127.0.0.1:{free_port()}", folder / "web.log")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(folder / "data"),
        "REDIS_URL": valkey_url,
        "SECRET_KEY": "",
        "ALLOWED_HOSTS": "",
        **settings,
    }
    command = [sys.executable, "-m", "streamlit", "run", str(server)]
    with web.log.open("wb") as log:
        process = subprocess.Popen(
            [*command, "--server.port", web.host.split(":")[1]],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_healthy(web, process)
        yield web
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_healthy(web: Web, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers; fail with its log if it ends instead."""

    def is_healthy() -> bool:
        assert process.poll() is None, web.log.read_text()
        try:
            return httpx.get(f"{web.url}/_stcore/health", timeout=HANG_SECONDS).is_success
        except httpx.TransportError:
            return False

    until(is_healthy, f"an answer of {web.url}")


def draw_page(
    web: Web,
    cookies: httpx.Cookies,
    more_headers: Mapping[str, str] = MappingProxyType({}),
    address: str = "127.0.0.1",
) -> str:
    """Open the page's websocket from this address as a browser does, and run the script once.

    Returns all that was sent, as the text of its messages.
    """
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    headers = {"Cookie": cookie, **more_headers}
    drawn = []
    with connect(
        f"ws://{web.host}/_stcore/stream",
        additional_headers=headers,
        subprotocols=[Subprotocol("streamlit")],
        source_address=(address, 0),
    ) as websocket:
        run = BackMsg()
        run.rerun_script.query_string = ""
        websocket.send(run.SerializeToString())
        while True:
            message = ForwardMsg()
            message.ParseFromString(websocket.recv(timeout=HANG_SECONDS))
            drawn.append(str(message))
            if message.WhichOneof("type") == "script_finished":
                return "\n".join(drawn)


@pytest.fixture(scope="module")
def web(valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """`streamlit run ui/server.py`."""
    folder = tmp_path_factory.mktemp("web")
    with running(ROOT / "ui" / "server.py", valkey_url, folder) as server:
        yield server


@pytest.fixture
def browser(web: Web) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=web.url, timeout=HANG_SECONDS) as client:
        yield client


def test_first_visit_has_a_user_already(web: Web, browser: httpx.Client) -> None:
    """The websocket opens after the page, so it carries the cookie that came with the page."""
    browser.get("/")
    assert NO_COOKIE not in draw_page(web, browser.cookies)


def test_browser_without_cookies_is_told(web: Web) -> None:
    """Where cookies are blocked, the page says what to do instead of mixing people up."""
    assert NO_COOKIE in draw_page(web, httpx.Cookies())


def test_browser_keeps_its_cookie(browser: httpx.Client) -> None:
    """Every page of a browser has the same user, also below another address."""
    browser.get("/")
    first = dict(browser.cookies)
    browser.get("/documents")
    assert first
    assert dict(browser.cookies) == first


def test_page_and_api_know_the_same_user(web: Web, browser: httpx.Client) -> None:
    """A question asked by a browser is foreign to a program without its cookie."""
    browser.get("/")
    job_id = browser.post("/api/chat", params={"query": "Why?"}).json()["job_id"]
    assert browser.get(f"/api/job-status/{job_id}").json()["status"] == "queued"
    assert httpx.get(f"{web.url}/api/job-status/{job_id}", timeout=HANG_SECONDS).status_code == 404


def test_api_is_below_its_prefix(browser: httpx.Client) -> None:
    """The API, its documentation and its errors are where programs look, without a cookie."""
    root = browser.get("/api", follow_redirects=True)
    assert root.json()["service"] == "RAG Query API"
    assert "'/api/openapi.json'" in browser.get("/api/docs").text
    assert browser.get("/api/nothing").json()["error"]["kind"] == "not_found"
    assert not browser.cookies


def test_pages_have_the_security_headers(browser: httpx.Client) -> None:
    """Nobody frames the pages, and browsers neither guess types nor run foreign scripts."""
    headers = browser.get("/").headers
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["x-content-type-options"] == "nosniff"
    assert "script-src 'self' blob: 'sha256-" in headers["content-security-policy"]


def test_other_names_are_refused(web: Web, browser: httpx.Client) -> None:
    """Pages and API answer by the names of this installation alone."""
    for path in ("/", "/api/", "/_stcore/health"):
        assert browser.get(path, headers={"host": "evil.example"}).status_code == 421


def test_websocket_is_refused_to_other_origins(web: Web) -> None:
    """A page of another origin, on this machine or elsewhere, cannot open a page's connection."""
    assert not is_refused(web, web.url)
    for origin in ("https://evil.example", "http://localhost:1", "http://127.0.0.1:1", "null"):
        assert is_refused(web, origin), origin


def test_streamlit_serves_no_metrics_and_takes_no_foreign_messages(browser: httpx.Client) -> None:
    """Nobody counts the visitors, and no site that embeds a page controls it."""
    for path in ("/_stcore/metrics", "/_stcore/metrics/", "/_stcore/agent/openapi.json"):
        assert browser.get(path).status_code == 404, path
    config = browser.get("/_stcore/host-config", headers={"Origin": "https://evil.streamlit.app"})
    assert config.json()["allowedOrigins"] == []
    assert "access-control-allow-origin" not in config.headers


def test_session_is_given_back_to_its_user_alone(web: Web, browser: httpx.Client) -> None:
    """Whoever learns the id of a session, such as from a log, takes over nothing."""
    browser.get("/")
    ann = dict(browser.cookies)
    browser.cookies.clear()
    browser.get("/")
    bob = dict(browser.cookies)
    session = session_of(web, ann)
    for intruder in (bob, {}):
        assert session_of(web, intruder, session) != session
    assert session_of(web, ann, session) == session


def session_of(web: Web, cookies: dict[str, str], session: str = "") -> str:
    """The session that a visitor gets, who says that it is to be this one."""
    protocols = [Subprotocol(part) for part in ("streamlit", "none", session) if part]
    with connect(
        f"ws://{web.host}/_stcore/stream",
        additional_headers={"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())},
        subprotocols=protocols,
        origin=Origin(web.url),
    ) as websocket:
        run = BackMsg()
        run.rerun_script.query_string = ""
        websocket.send(run.SerializeToString())
        while True:
            message = ForwardMsg()
            message.ParseFromString(websocket.recv(timeout=HANG_SECONDS))
            if message.WhichOneof("type") == "new_session":
                return message.new_session.initialize.session_id


def is_refused(web: Web, origin: str) -> bool:
    """True if a websocket from a page of this origin is refused before it opens."""
    try:
        with connect(
            f"ws://{web.host}/_stcore/stream",
            origin=Origin(origin),
            subprotocols=[Subprotocol("streamlit")],
        ):
            return False
    except InvalidStatus as refused:
        return refused.response.status_code == 403


def test_configuration_is_accepted(web: Web) -> None:
    """Streamlit knows each option of .streamlit/config.toml, and warns of none."""
    assert "not a valid config option" not in web.log.read_text()
    assert "warning" not in web.log.read_text().lower()


# The last of those that share the server: after it, no browser is new for a while.
def test_script_gets_no_identity_for_each_question(browser: httpx.Client) -> None:
    """Hundreds of visits without a cookie make few people; whoever has one goes on."""
    browser.get("/")
    known = dict(browser.cookies)
    users = set()
    for _ in range(300):
        browser.cookies.clear()
        users.add(browser.get("/").headers.get("set-cookie", "").split(";")[0])
    assert 1 < len(users) < 200
    refused = browser.get("/")
    browser.cookies.update(known)
    assert browser.get("/").status_code == 200
    assert "" in users or refused.status_code == 200


def test_bug_in_a_page_shows_one_sentence(valkey_url: str, tmp_path: Path) -> None:
    """Who meets a bug reads a plain sentence; the operator finds the trace in the log, once."""
    (tmp_path / "server.py").write_text(BROKEN_SERVER)
    (tmp_path / "page.py").write_text(BROKEN_PAGE)
    with running(tmp_path / "server.py", valkey_url, tmp_path) as broken:
        drawn = draw_page(broken, httpx.Cookies())
    assert AskqueueError.message in drawn
    assert "RuntimeError" not in drawn
    assert "detail for the log alone" not in drawn
    assert broken.log.read_text().count("RuntimeError: detail for the log alone") == 1
