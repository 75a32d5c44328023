"""Reading the live stream: order, batches, and attempts that overlap."""

from __future__ import annotations

import redis

from jobs.models import LiveText, Stage
from jobs.questions.event_stream import EventWriter, apply_events, read_text
from jobs.queue.keys import events_key


def read(connection: redis.Redis, live: LiveText) -> LiveText:
    return apply_events(live, connection.xrange(events_key(live.job_id), f"({live.last_id}", "+"))


def test_text_arrives_in_order_across_reads(connection: redis.Redis) -> None:
    """A reader that comes back reads on where it was, and loses nothing."""
    writer = EventWriter(connection, "j", 1)
    writer.stage(Stage.GENERATING)
    writer.text("Hello ")
    writer.flush()
    live = read(connection, LiveText("j"))
    assert (live.text, live.stage) == ("Hello ", Stage.GENERATING)
    writer.text("world")
    writer.flush()
    assert read(connection, live).text == "Hello world"


def test_tokens_are_batched(connection: redis.Redis) -> None:
    """A hundred tokens at once cost a handful of events, not a hundred."""
    writer = EventWriter(connection, "j", 1)
    for _ in range(100):
        writer.text("x")
    writer.close()
    assert connection.xlen(events_key("j")) < 10
    assert read(connection, LiveText("j")).text == "x" * 100


def test_newer_attempt_drops_text_of_the_older(connection: redis.Redis) -> None:
    """After a restart the page shows the new attempt alone, and knows that it restarted."""
    first = EventWriter(connection, "j", 1)
    first.text("old ")
    first.flush()
    live = read(connection, LiveText("j"))
    second = EventWriter(connection, "j", 2)
    second.text("new")
    second.flush()
    live = read(connection, live)
    assert live.text == "new"
    assert live.restarted


def test_text_that_is_taken_back_is_gone(connection: redis.Redis) -> None:
    """For who has read it and for who reads later; it is the same attempt."""
    writer = EventWriter(connection, "j", 1)
    writer.text("thoughts ")
    writer.flush()
    live = read(connection, LiveText("j"))
    assert live.text == "thoughts "
    writer.text("unsent ")
    writer.take_back()
    writer.text("answer")
    writer.flush()
    for reader in (live, LiveText("j")):
        after = read(connection, reader)
        assert (after.text, after.restarted) == ("answer", False)


def test_late_event_of_an_older_attempt_is_ignored(connection: redis.Redis) -> None:
    """A worker that was taken for dead cannot write into its successor's answer."""
    second = EventWriter(connection, "j", 2)
    second.text("new")
    second.flush()
    first = EventWriter(connection, "j", 1)
    first.text("old")
    first.flush()
    assert read(connection, LiveText("j")).text == "new"


def test_stream_always_expires(connection: redis.Redis) -> None:
    """No stream is without a TTL, while it is written and after."""
    writer = EventWriter(connection, "j", 1)
    writer.stage(Stage.RETRIEVING)
    running = connection.ttl(events_key("j"))
    writer.close()
    assert 0 < connection.ttl(events_key("j")) <= 3600 < running


def test_stream_of_a_deleted_question_does_not_come_back_for_good(
    connection: redis.Redis,
) -> None:
    """An attempt that still writes after the deletion leaves a stream that expires."""
    writer = EventWriter(connection, "j", 1)
    writer.stage(Stage.GENERATING)
    connection.delete(events_key("j"))
    writer.text("late")
    writer.flush()
    assert connection.ttl(events_key("j")) > 0


def test_writer_keeps_text_while_valkey_is_away(connection: redis.Redis) -> None:
    """A lost connection raises nothing, and what was written meanwhile goes out after."""
    away = redis.Redis(host="127.0.0.1", port=1, retry=None)
    writer = EventWriter(away, "j", 1)
    writer.text("kept")
    writer.flush()
    writer._connection = connection
    writer.close()
    assert read_text(connection, "j") == "kept"
    away.close()


def test_writer_keeps_text_while_valkey_is_full(connection: redis.Redis) -> None:
    """What a full server refuses goes out in order when there is room, and nothing twice."""
    writer = EventWriter(connection, "j", 1)
    writer.text("first ")
    writer.flush()
    connection.config_set("maxmemory", 1)
    try:
        for word in ("second ", "third "):
            writer.text(word)
            writer.flush()
    finally:
        connection.config_set("maxmemory", 0)
    assert read(connection, LiveText("j")).text == "first "
    writer.text("fourth")
    writer.close()
    assert read(connection, LiveText("j")).text == "first second third fourth"


def test_event_that_was_sent_twice_shows_once(connection: redis.Redis) -> None:
    """A lost reply makes the writer send again what Valkey has already."""
    writer = EventWriter(connection, "j", 1)
    writer.text("once ")
    writer.flush()
    [(_, sent)] = connection.xrange(events_key("j"))
    live = read(connection, LiveText("j"))
    connection.xadd(events_key("j"), sent)
    writer.text("and again")
    writer.flush()
    assert read(connection, live).text == "once and again"
    assert read(connection, LiveText("j")).text == "once and again"
