"""How much of web one user takes at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest

from jobs.errors import TooManyRequestsError
from tests.coroutines import run_apart
from tests.waiting import HANG_SECONDS, until
from ui.api.dependencies import in_turn
from ui.web.turns import AtWork, DrawingTurns, RequestTurns


def test_requests_beyond_the_places_of_a_user_wait_and_others_do_not() -> None:
    """Fifty requests of one user are worked on two at a time, and a stranger's at once."""

    async def attack() -> None:
        turns, begun, goes_on = RequestTurns(2, at_work=AtWork()), [], anyio.Event()

        async def request(user: str) -> None:
            async with turns.taken(user):
                begun.append(user)
                await goes_on.wait()

        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(request, "eve")
            group.start_soon(request, "ann")
            await anyio.wait_all_tasks_blocked()
            assert sorted(begun) == ["ann", "eve", "eve"]
            goes_on.set()
        assert len(begun) == 51
        assert not turns._places
        assert not turns._inside

    run_apart(attack())


def test_requests_that_wait_are_bounded() -> None:
    """One too many is refused with a sentence; a place that was given up is free again."""

    async def attack() -> None:
        turns = RequestTurns(1, waiting=0, at_work=AtWork())
        async with turns.taken("eve"):
            with pytest.raises(TooManyRequestsError, match="Send fewer at a time"):
                async with turns.taken("eve"):
                    pass
            async with turns.taken("ann"):
                pass
        with anyio.move_on_after(0):
            async with turns.taken("eve"):
                await anyio.sleep_forever()
        async with turns.taken("eve"):
            pass

    run_apart(attack())


def test_pages_of_one_user_are_drawn_two_at_a_time() -> None:
    """However many sessions there are; another user's is drawn meanwhile."""
    turns, goes_on, drawing = DrawingTurns(2, AtWork()), threading.Event(), list[str]()

    def draw(user: str) -> None:
        with turns.taken(user), turns.taken(user):  # the live part is drawn within the page
            drawing.append(user)
            goes_on.wait(HANG_SECONDS)

    with ThreadPoolExecutor(11) as pool:
        drawn = [pool.submit(draw, "eve") for _ in range(10)]
        until(lambda: len(drawing) == 2, "two pages")
        drawn.append(pool.submit(draw, "ann"))
        until(lambda: "ann" in drawing, "the page of another user")
        assert drawing.count("eve") == 2
        goes_on.set()
        for each in drawn:
            each.result(HANG_SECONDS)
    assert drawing.count("eve") == 10
    assert not turns._drawing


def test_requests_of_a_user_are_half_as_many_while_others_are_at_work() -> None:
    """Others may be at work on a page; with their end, the user has all places again."""

    async def attack() -> None:
        at_work = AtWork()
        turns, begun = RequestTurns(4, at_work=at_work), list[int]()
        goes_on = [anyio.Event() for _ in range(8)]

        async def request(number: int) -> None:
            async with turns.taken("eve"):
                begun.append(number)
                await goes_on[number].wait()

        async with anyio.create_task_group() as group:
            with at_work.counted("ann"):
                for number in range(8):
                    group.start_soon(request, number)
                await anyio.wait_all_tasks_blocked()
                assert begun == [0, 1]
            goes_on[0].set()
            await anyio.wait_all_tasks_blocked()
            assert begun == [0, 1, 2, 3, 4]
            for event in goes_on:
                event.set()
        assert len(begun) == 8

    run_apart(attack())


def test_pages_of_a_user_are_half_as_many_while_others_are_at_work() -> None:
    """A page that waits is drawn when the one before it is, whatever others do meanwhile."""
    at_work, goes_on, drawing, drawn = AtWork(), threading.Semaphore(0), list[int](), list[int]()
    turns = DrawingTurns(2, at_work)

    def draw(number: int) -> None:
        with turns.taken("eve"):
            drawing.append(number)
            assert goes_on.acquire(timeout=HANG_SECONDS)
            drawn.append(len(drawing))

    with ThreadPoolExecutor(3) as pool, at_work.counted("ann"):
        pages = [pool.submit(draw, number) for number in range(3)]
        for _ in pages:
            goes_on.release()
        for page in pages:
            page.result(HANG_SECONDS)
    assert drawn == [1, 2, 3]  # none had begun before the one before it had ended


def test_slow_line_keeps_no_turn() -> None:
    """Who takes a reply piece by piece, and slowly, has all their turns between the pieces."""

    async def attack() -> None:
        turns = RequestTurns(1, at_work=AtWork())
        pieces = in_turn(iter(["one", "two"]), "ann", turns)
        assert await anext(pieces) == "one"
        with anyio.fail_after(HANG_SECONDS):
            async with turns.taken("ann"):
                pass
        assert [piece async for piece in pieces] == ["two"]

    run_apart(attack())
