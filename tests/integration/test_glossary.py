"""Questions that are searched for in other words and in parts: a real Valkey, index and worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis

from jobs.glossary.rules import Rule
from jobs.models import LiveText, Searched
from jobs.questions.event_stream import EventWriter, apply_events
from jobs.queue.keys import GLOSSARY_KEY, events_key
from jobs.settings import Settings
from tests.integration.inline_worker import inline_worker
from tests.integration.test_answer_cache import Desk
from ui.clients import build_clients

INVESTMENTS = b"Purchases of property, plant and equipment were EUR 41 million in 2025."
HOTELS = b"The hotel limit is EUR 160 per night in every city."
MEALS = b"The limit for meals is EUR 45 per day in every city."
CAPEX = "How high was our capex?"


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(cache=True)


@pytest.fixture
def desk(
    connection: redis.Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    with inline_worker(settings, monkeypatch) as worker:
        made = Desk(build_clients(settings), worker)
        for user, text in (("ann", INVESTMENTS), ("bob", HOTELS), ("eve", MEALS)):
            made.add(user, text)
        yield made


def test_question_finds_the_words_of_the_documents(desk: Desk) -> None:
    """By a starter set, which is on from the beginning; the answer says what was searched for."""
    _, answer = desk.ask(question=CAPEX)
    assert "Purchases of property" in answer.passages[0].text
    assert "EUR 41 million" in answer.text
    assert "capital expenditures" in answer.searched.also
    assert answer.searched.parts == ()


def test_change_of_the_glossary_is_seen_by_the_next_question(desk: Desk) -> None:
    """Without a restart; an earlier answer was searched for in other words, and is none now."""
    desk.clients.glossary.switch("finance", on=False)
    assert desk.ask(question=CAPEX)[1].searched == Searched()
    desk.clients.glossary.put([Rule("capex", ("plant and equipment",))])
    answer = desk.ask(question=CAPEX)[1]
    assert answer.searched.also == ("plant and equipment",)
    assert answer.earlier_at is None
    assert "Purchases of property" in answer.passages[0].text


def test_glossary_costs_a_question_no_command(desk: Desk, connection: redis.Redis) -> None:
    """Of Valkey, as long as nobody changes it."""
    desk.clients.glossary.put([Rule("capex", ("plant and equipment",))])
    desk.ask(question=CAPEX)
    with connection.monitor() as monitor:
        desk.ask(question="Which capex was planned?")
        connection.ping()
        commands = list(iter(lambda: monitor.next_command()["command"], "PING"))
    assert commands
    assert not [each for each in commands if each.endswith(GLOSSARY_KEY)]


def test_parts_are_searched_for_apart(desk: Desk) -> None:
    """Their passages take turns; whoever watches sees the parts, and the answer keeps them."""
    job_id, answer = desk.ask(question="Compare the hotel limit with the limit for meals.")
    assert answer.searched.parts == ("the hotel limit", "the limit for meals")
    assert ["hotel" in passage.text for passage in answer.passages[:2]] == [True, False]
    live = desk.clients.jobs.read_live("ann", LiveText(job_id))[1]
    assert live.in_parts == answer.searched.parts


def test_parts_of_an_older_attempt_are_forgotten(connection: redis.Redis) -> None:
    """The next one may understand the question in another way."""
    EventWriter(connection, "job", 1).parts(["a", "b"])
    EventWriter(connection, "job", 2).text("It")
    entries = connection.xrange(events_key("job"))
    assert apply_events(LiveText("job"), entries[:1]).in_parts == ("a", "b")
    assert apply_events(LiveText("job"), entries).in_parts == ()
