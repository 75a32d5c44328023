"""The thread that talks to browsers is woken once for many messages, and misses none."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import Any

import pytest
from streamlit.runtime.runtime import AsyncObjects, Runtime

from tests.coroutines import run_apart
from tests.waiting import HANG_SECONDS
from ui.streamlit_patches.few_wakeups import wake_seldom

MESSAGES = 2000


class CountingLoop:
    """An event loop that counts how often another thread has woken it."""

    def __init__(self) -> None:
        self.woken = 0
        self._loop = asyncio.get_running_loop()

    def call_soon_threadsafe(self, *call: Any) -> None:
        self.woken += 1
        self._loop.call_soon_threadsafe(*call)


class OurRuntime:
    """What of a runtime the callback uses, and its queue of messages."""

    def __init__(self) -> None:
        self.loop = CountingLoop()
        self.need_send_data = asyncio.Event()
        self.queue = deque[int]()
        ended = asyncio.get_running_loop().create_future()
        others = (asyncio.Event(), asyncio.Event(), self.need_send_data, ended, ended)
        self._objects = AsyncObjects(self.loop, *others)  # type: ignore[arg-type]

    def _get_async_objs(self) -> AsyncObjects:
        return self._objects

    def say(self, count: int) -> None:
        for number in range(count):
            self.queue.append(number)
            Runtime._enqueued_some_message(self)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _woken_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runtime, "_enqueued_some_message", Runtime._enqueued_some_message)
    wake_seldom()


def test_many_messages_wake_once() -> None:
    """All that a page draws before the loop comes to it; and again once they are flushed."""

    async def draw() -> None:
        runtime = OurRuntime()
        runtime.say(100)
        assert runtime.loop.woken == 1
        await runtime.need_send_data.wait()
        runtime.say(100)  # those will be flushed too
        assert runtime.loop.woken == 1
        runtime.need_send_data.clear()
        runtime.say(100)
        assert runtime.loop.woken == 2

    run_apart(draw())


def test_no_message_is_left_behind() -> None:
    """Whatever moment of the loop it comes at, from several threads."""

    async def draw() -> None:
        runtime, flushed = OurRuntime(), 0
        pages = [threading.Thread(target=runtime.say, args=(MESSAGES,)) for _ in range(3)]
        for page in pages:
            page.start()
        async with asyncio.timeout(HANG_SECONDS):
            while flushed < 3 * MESSAGES:  # as Streamlit's own loop does
                await runtime.need_send_data.wait()
                runtime.need_send_data.clear()
                while runtime.queue:
                    runtime.queue.popleft()
                    flushed += 1
        for page in pages:
            page.join()

    run_apart(draw())
