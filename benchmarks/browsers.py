"""Browsers without a screen: websockets that say to Streamlit what a browser says, and count.

A process of its own, so that its work is not that of the web process. It is told what to do by
lines of standard input, and replies to each with a line of JSON:

    open COOKIE   a browser with this cookie opens the Ask page, and has it drawn
    measure S     counts for S seconds what the browsers do
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

DRAWN_SECONDS = 40  # on a machine that is busy with other work


@dataclass
class Tally:
    """What all browsers saw; `refreshes` are seconds from asking until it was drawn."""

    refreshes: list[float] = field(default_factory=list)
    whole_pages: int = 0
    skipped: int = 0
    messages: int = 0
    bytes: int = 0

    def reset(self) -> None:
        """Forget all of it."""
        self.refreshes = []
        self.whole_pages = self.skipped = self.messages = self.bytes = 0


class Browser:
    """One tab. A timer that finds its last refresh still under way asks all the same, as one does.

    A refresh lasts until Streamlit says that a script has finished; what is asked while one runs is
    joined to the next by Streamlit, so that the oldest that waits is the one that counts.
    """

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.closed = False
        self._page_hash = ""
        self._cached: dict[str, None] = {}
        self._asked: list[float] = []
        self._timers: dict[str, tuple[float, asyncio.Task[None]]] = {}
        self._drawn = asyncio.Event()

    async def open(self, url: str, cookie: str) -> None:
        """Connect, ask for the page, and wait until it was drawn."""
        self._socket: ClientConnection = await connect(
            f"{url.replace('http', 'ws')}/_stcore/stream",
            origin=Origin(url),
            subprotocols=[Subprotocol("streamlit")],
            additional_headers={"Cookie": cookie},
            compression=None,
            max_size=None,
            ping_interval=None,
        )
        self._reader = asyncio.create_task(self._read())
        await self._ask("")
        await asyncio.wait_for(self._drawn.wait(), DRAWN_SECONDS)

    async def close(self) -> None:
        self._stop_timers()
        self._reader.cancel()
        await self._socket.close()

    async def _read(self) -> None:
        async for data in self._socket:
            assert isinstance(data, bytes)
            self.tally.messages += 1
            self.tally.bytes += len(data)
            self._take(ForwardMsg.FromString(data))
        self.closed = True

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page_hash = message.new_session.page_script_hash
            if not message.metadata.run.fragment_ids:
                self._stop_timers()
                self.tally.whole_pages += 1
        elif kind == "auto_rerun":
            self._set_timer(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            for fragment_id in message.stop_auto_rerun.fragment_ids:
                self._stop_timer(fragment_id)
        elif kind == "script_finished":
            self._finish(message.script_finished)
        elif message.metadata.cacheable and message.hash:
            self._cached[message.hash] = None

    def _finish(self, status: int) -> None:
        if status == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return
        self._drawn.set()
        if self._asked:
            self.tally.refreshes.append(time.perf_counter() - self._asked[0])
            self._asked.clear()

    async def _refresh_every(self, seconds: float, fragment_id: str) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += seconds
            await asyncio.sleep(due - loop.time())
            if self._asked:
                self.tally.skipped += 1
            self._asked.append(time.perf_counter())
            await self._ask(fragment_id)

    async def _ask(self, fragment_id: str) -> None:
        message = BackMsg()
        state = message.rerun_script
        state.page_script_hash = self._page_hash
        state.fragment_id = fragment_id
        state.is_auto_rerun = bool(fragment_id)
        state.cached_message_hashes.extend(self._cached)
        await self._socket.send(message.SerializeToString())

    def _set_timer(self, fragment_id: str, seconds: float) -> None:
        if fragment_id in self._timers and self._timers[fragment_id][0] == seconds:
            return
        self._stop_timer(fragment_id)
        task = asyncio.create_task(self._refresh_every(seconds, fragment_id))
        self._timers[fragment_id] = seconds, task

    def _stop_timer(self, fragment_id: str) -> None:
        if fragment_id in self._timers:
            self._timers.pop(fragment_id)[1].cancel()

    def _stop_timers(self) -> None:
        for fragment_id in list(self._timers):
            self._stop_timer(fragment_id)


async def measure(browsers: list[Browser], tally: Tally, seconds: float) -> dict[str, object]:
    tally.reset()
    began, busy = time.perf_counter(), time.process_time()
    late: list[float] = []
    while time.perf_counter() - began < seconds:
        before = time.perf_counter()
        await asyncio.sleep(0.1)
        late.append(time.perf_counter() - before - 0.1)
    lasted = time.perf_counter() - began
    late.sort()
    return {
        "seconds": lasted,
        "refreshes": tally.refreshes,
        "still_asked": sum(bool(browser._asked) for browser in browsers),
        "overlapping": tally.skipped,
        "whole_pages": tally.whole_pages,
        "messages": tally.messages,
        "bytes": tally.bytes,
        "cpu": (time.process_time() - busy) / lasted,
        "late_p95": late[-(len(late) // 20) - 1],
        "closed": sum(browser.closed for browser in browsers),
    }


async def main(url: str) -> None:
    tally, browsers = Tally(), list[Browser]()
    lines = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    async for line in lines:
        command, _, argument = line.decode().strip().partition(" ")
        reply: dict[str, object] = {}
        if command == "open":
            browser = Browser(tally)
            await browser.open(url, argument)
            browsers.append(browser)
        else:
            reply = await measure(browsers, tally, float(argument))
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
