"""Attacks on the addresses at which Streamlit takes files, and on those that it leaves open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.integration.test_server import ROOT, Web, running
from tests.waiting import HANG_SECONDS, until

MB = 1024 * 1024
UNKNOWN = "/_stcore/upload_file/11111111-2222-3333-4444-555555555555/anything"


@pytest.fixture(scope="module")
def web(valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A server that takes files of 2 MB."""
    folder = tmp_path_factory.mktemp("web")
    server = ROOT / "ui" / "server.py"
    with running(server, valkey_url, folder, MAX_UPLOAD_MB="2") as started:
        yield started


class Browser:
    """A browser with cookies of its own."""

    def __init__(self, web: Web, http: httpx.Client) -> None:
        self.http = http
        self.http.get("/")
        self.http.get("/_stcore/health")
        self.token = self.http.cookies["_streamlit_xsrf"]
        self._host = web.host

    @contextmanager
    def page(self) -> Iterator[ClientConnection]:
        cookie = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        with connect(
            f"ws://{self._host}/_stcore/stream",
            additional_headers={"Cookie": cookie},
            subprotocols=[Subprotocol("streamlit")],
        ) as websocket:
            yield websocket

    def send(self, method: str, address: str, data: bytes = b"text") -> httpx.Response:
        files = {"file": ("a.txt", data)} if method == "PUT" else None
        headers = {"X-Xsrftoken": self.token}
        return self.http.request(method, address, files=files, headers=headers)

    def send_chunked(self, address: str, data: bytes) -> httpx.Response:
        """Send a file without saying how long it is."""
        form = httpx.Request("PUT", "http://x", files={"file": ("a.txt", data)})
        whole = form.read()
        headers = {"X-Xsrftoken": self.token, "Content-Type": form.headers["content-type"]}
        pieces = (whole[start : start + 65536] for start in range(0, len(whole), 65536))
        return self.http.put(address, content=pieces, headers=headers)


OpenBrowser = Callable[[], Browser]


@pytest.fixture
def open_browser(web: Web) -> Iterator[OpenBrowser]:
    with ExitStack() as clients:

        def open_() -> Browser:
            client = httpx.Client(base_url=web.url, timeout=HANG_SECONDS)
            return Browser(web, clients.enter_context(client))

        yield open_


def addresses(page: ClientConnection, count: int = 1) -> list[str]:
    """The addresses that a page hands out for files that somebody chose on it."""
    request = BackMsg()
    request.file_urls_request.request_id = "1"
    request.file_urls_request.file_names.extend(["a.txt"] * count)
    page.send(request.SerializeToString())
    while True:
        message = ForwardMsg()
        message.ParseFromString(page.recv(timeout=HANG_SECONDS))
        if message.WhichOneof("type") == "file_urls_response":
            return [each.upload_url for each in message.file_urls_response.file_urls]


def test_page_takes_the_file_that_it_asked_for(open_browser: OpenBrowser) -> None:
    """Once; and its user may take it back."""
    ann = open_browser()
    with ann.page() as page:
        (address,) = addresses(page)
        assert ann.send("PUT", address).status_code == 204
        assert ann.send("PUT", address).status_code == 404
        assert ann.send("DELETE", address).status_code == 204


def test_upload_needs_the_token_of_the_page(open_browser: OpenBrowser) -> None:
    """A form of another site cannot put files into somebody's page."""
    ann = open_browser()
    with ann.page() as page:
        (address,) = addresses(page)
        reply = ann.http.put(address, files={"file": ("a.txt", b"text")})
        assert reply.status_code == 403
        assert ann.send("PUT", address).status_code == 204


def test_stranger_sends_nothing_to_a_page(open_browser: OpenBrowser) -> None:
    """Neither without an identity, nor with another, nor under an id that nobody handed out."""
    ann, mallory = open_browser(), open_browser()
    stranger = open_browser()
    stranger.http.cookies.clear()
    stranger.http.cookies.set("_streamlit_xsrf", stranger.token)
    with ann.page() as page, mallory.page():
        (address,) = addresses(page)
        for method in ("PUT", "DELETE"):
            assert stranger.send(method, address).status_code == 401
            assert mallory.send(method, address).status_code == 404
            assert mallory.send(method, UNKNOWN).status_code == 404
        made_up = address.rsplit("/", 1)[0] + "/anything"
        assert ann.send("PUT", made_up).status_code == 404
        assert ann.send("PUT", address).status_code == 204  # what was refused changed nothing


@pytest.mark.parametrize("way", ["announced", "chunked"])
def test_files_of_one_user_are_bounded(open_browser: OpenBrowser, way: str) -> None:
    """Over all pages of a user; others go on; the end of the connection makes room again."""
    ann, bob = open_browser(), open_browser()
    data = b"x" * (2 * MB - 10_000)
    with ann.page() as first, ann.page() as second:
        given = [*addresses(first, 4), *addresses(second, 4)]
        put = ann.send_chunked if way == "chunked" else lambda at, what: ann.send("PUT", at, what)
        codes = [put(address, data).status_code for address in given]
        assert codes.count(204) == 3
        assert set(codes) == {204, 413}
        with bob.page() as page:
            (address,) = addresses(page)
            assert bob.send("PUT", address, data).status_code == 204
    with ann.page() as page:
        until(lambda: ann.send("PUT", addresses(page)[0], data).status_code == 204)


def test_file_of_a_page_that_was_left_meanwhile_is_dropped(open_browser: OpenBrowser) -> None:
    """It takes up no room, neither while it arrived nor after."""
    ann = open_browser()
    data = b"x" * (2 * MB - 10_000)
    with ann.page() as page:
        (address,) = addresses(page)
        form = httpx.Request("PUT", "http://x", files={"file": ("a.txt", data)})
        whole = form.read()

        def leave() -> Iterator[bytes]:
            yield whole[:MB]
            page.close()
            yield whole[MB:]

        headers = {"X-Xsrftoken": ann.token, "Content-Type": form.headers["content-type"]}
        assert ann.http.put(address, content=leave(), headers=headers).status_code < 500
    with ann.page() as page:
        codes = [ann.send("PUT", address, data).status_code for address in addresses(page, 3)]
        assert codes == [204, 204, 204]


def test_many_addresses_are_not_handed_out(open_browser: OpenBrowser) -> None:
    """A page that asks for a place for each of 100,000 files gets none."""
    ann = open_browser()
    with ann.page() as page:
        assert addresses(page, 100_000) == []
        assert len(addresses(page)) == 1


def test_page_without_an_identity_gets_no_address(web: Web) -> None:
    """A websocket opens without a cookie, and takes no file."""
    with connect(
        f"ws://{web.host}/_stcore/stream", subprotocols=[Subprotocol("streamlit")]
    ) as page:
        assert addresses(page) == []


def message_of(size: int) -> bytes:
    """What a page sends of a text field of so many bytes."""
    message = BackMsg()
    widget = message.rerun_script.widget_states.widgets.add()
    widget.id, widget.string_value = "$$ID-0-None", "a" * size
    return message.SerializeToString()


def test_nobody_keeps_memory_by_messages(web: Web) -> None:
    """Without an identity, a page is sent no more than that a button was pressed."""
    with connect(
        f"ws://{web.host}/_stcore/stream", subprotocols=[Subprotocol("streamlit")]
    ) as page:
        page.send(message_of(MB))
        assert code_of_close(page) == 1009


def test_what_a_page_is_sent_is_bounded(open_browser: OpenBrowser) -> None:
    """No text field takes more than the questions that somebody pastes."""
    with open_browser().page() as page:
        page.send(message_of(6 * MB))
        assert code_of_close(page) == 1009


def code_of_close(page: ClientConnection) -> int | None:
    """Read until the server closes the connection."""
    with suppress(ConnectionClosed):
        while True:
            page.recv(timeout=HANG_SECONDS)
    return page.close_code


@pytest.mark.parametrize(
    "path",
    [
        "/media/0123456789abcdef.pdf",
        "/media/",
        "/documents/media/0123456789abcdef.pdf",
        "/_stcore/metrics",
        "/_stcore/agent/openapi.json",
        "/_stcore/script-health-check",
        "/_stcore/upload_file/",
        "/_stcore/%75pload_file/..%2f..%2fhealth",
        "/_stcore/bidi-components/../metrics",
    ],
)
def test_what_no_page_uses_is_closed(web: Web, open_browser: OpenBrowser, path: str) -> None:
    """Also to those who are signed in, and by every method."""
    ann = open_browser()
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        reply = ann.http.request(method, web.url + path, headers={"X-Xsrftoken": ann.token})
        assert reply.status_code in (400, 404, 405), method


def test_nothing_of_an_upload_is_in_the_log_as_an_error(web: Web) -> None:
    """What was refused is no trace."""
    assert "Traceback" not in web.log.read_text()
