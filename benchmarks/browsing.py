"""A page that is drawn once over Streamlit's websocket, as a browser has it drawn."""

from __future__ import annotations

from collections.abc import Sequence

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Subprotocol

DRAWN_SECONDS = 60.0


def draw(host: str, cookie: str, page: str, query: str) -> Sequence[ForwardMsg]:
    """Return what the server sent in a new session, until the script of the page had ended."""
    headers = {"Cookie": cookie} if cookie else {}
    with connect(
        f"ws://{host}/_stcore/stream",
        additional_headers=headers,
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,
        # Closing reads no more: with more in the queue than it may hold, it would wait for 10 s.
        max_queue=None,
    ) as socket:
        run = BackMsg()
        run.rerun_script.query_string = query
        run.rerun_script.page_name = page
        socket.send(run.SerializeToString())
        drawn = []
        while True:
            message = ForwardMsg()
            message.ParseFromString(bytes(socket.recv(timeout=DRAWN_SECONDS)))
            drawn.append(message)
            if message.WhichOneof("type") == "script_finished":
                return drawn
