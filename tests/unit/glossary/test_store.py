"""The glossary of an installation in a real Valkey."""

from __future__ import annotations

import pytest
import redis

from jobs.documents.repository import DocumentRepository
from jobs.errors import BrokerUnavailableError, InvalidGlossaryError, NotFoundError
from jobs.glossary import store as store_module
from jobs.glossary.live_glossary import LiveGlossary
from jobs.glossary.rules import Rule
from jobs.glossary.sets import SETS, starter_sets
from jobs.glossary.store import Glossary, GlossaryStore
from jobs.queue.connection import connect
from jobs.queue.keys import GLOSSARY_KEY

CAPEX = Rule("CapEx", ("purchases of property",))
FROM_SET = next(rule for rule in starter_sets()["finance"] if rule.term == "capex")


@pytest.fixture
def store(connection: redis.Redis) -> GlossaryStore:
    return GlossaryStore(connection)


def version(connection: redis.Redis) -> str:
    return DocumentRepository(connection).index_state().glossary


def test_nothing_stored_is_the_starter_sets(store: GlossaryStore) -> None:
    """A new installation has them, and nothing of its own."""
    glossary = store.read()
    assert glossary == Glossary({})
    assert len(glossary.rules) == sum(map(len, starter_sets().values()))
    assert [rule.term.casefold() for rule in glossary.rules] == sorted(
        rule.term.casefold() for rule in glossary.rules
    )


def test_own_rule_replaces_that_of_a_set(store: GlossaryStore) -> None:
    """One of its own for the same term, in whatever case; without phrases, it switches it off."""
    store.put([CAPEX])
    assert CAPEX in store.read().rules
    assert FROM_SET not in store.read().rules
    store.put([Rule("capex", ())])
    assert [rule for rule in store.read().rules if rule.key == CAPEX.key] == [Rule("capex", ())]
    store.delete(CAPEX)
    assert FROM_SET in store.read().rules


def test_changed_term_takes_the_place_of_the_one_before(store: GlossaryStore) -> None:
    """Whether its words changed or what it is written for."""
    store.put([CAPEX])
    changed = Rule("capital outlay", ("purchases of property",))
    store.put([changed], instead_of=CAPEX)
    assert list(store.read().own.values()) == [changed]
    store.put([Rule("Capital Outlay", ("x",))], instead_of=changed)
    assert list(store.read().own.values()) == [Rule("Capital Outlay", ("x",))]


def test_sets_are_switched(store: GlossaryStore) -> None:
    """Each by itself, and only those that there are."""
    store.switch("law", on=False)
    assert store.read().off == {"law"}
    assert {rule.source for rule in store.read().rules} == set(SETS) - {"law"}
    store.switch("law", on=True)
    assert store.read() == Glossary({})
    with pytest.raises(NotFoundError):
        store.switch("medicine", on=False)


def test_glossary_is_replaced_as_a_whole(store: GlossaryStore, connection: redis.Redis) -> None:
    """What is not in the new one is gone; an empty one leaves nothing behind."""
    store.put([CAPEX])
    store.switch("law", on=False)
    other = Rule("opex", ("operating expenses",))
    store.replace([other], ["finance"])
    assert store.read() == Glossary({other.key: other}, frozenset({"finance"}))
    with pytest.raises(NotFoundError):
        store.replace([], ["medicine"])
    store.replace([])
    assert not connection.exists(GLOSSARY_KEY)


def test_glossary_is_bounded(store: GlossaryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is refused, and nothing of it stored; one in the place of another is not."""
    monkeypatch.setattr(store_module, "MAX_RULES", 2)
    first, second, third = (Rule(f"term{n}", ("x",)) for n in range(3))
    store.put([first, second])
    store.switch("law", on=False)
    for change in (lambda: store.put([third]), lambda: store.replace([first, second, third])):
        with pytest.raises(InvalidGlossaryError):
            change()
    store.put([third], instead_of=first)
    assert set(store.read().own) == {second.key, third.key}
    assert store.read().off == {"law"}


def test_every_change_is_a_new_version(store: GlossaryStore, connection: redis.Redis) -> None:
    """It stands in the state of the index, so that whoever reads that knows of it."""
    seen = [version(connection)]
    for change in (
        lambda: store.put([CAPEX]),
        lambda: store.switch("law", on=False),
        lambda: store.delete(CAPEX),
        lambda: store.replace([]),
    ):
        change()
        seen.append(version(connection))
    assert seen[0] == ""
    assert len(set(seen)) == len(seen)


def test_rules_are_read_again_only_when_they_changed(
    store: GlossaryStore, connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker reads nothing for a question, as long as nobody changed the glossary."""
    reads: list[Glossary] = []
    read = store.read

    def counting() -> Glossary:
        reads.append(read())
        return reads[-1]

    monkeypatch.setattr(store, "read", counting)
    live = LiveGlossary(store)
    assert live.at("").find("capex") == (FROM_SET,)
    assert not reads
    store.put([CAPEX])
    for _ in range(3):
        assert live.at(version(connection)).find("capex") == (CAPEX,)
    assert len(reads) == 1


def test_glossary_without_valkey_is_an_outage() -> None:
    """With the sentence that everything has then."""
    store = GlossaryStore(connect("redis://127.0.0.1:1/0"))
    with pytest.raises(BrokerUnavailableError):
        store.read()
    with pytest.raises(BrokerUnavailableError):
        store.put([CAPEX])
