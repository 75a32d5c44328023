"""The Glossary page: its terms, who may change them, and what an answer says of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from jobs.errors import BrokerUnavailableError
from jobs.glossary.rules import Rule
from jobs.glossary.sets import SETS, starter_sets
from jobs.models import Answer, JobState, Searched, Stage
from jobs.settings import Settings
from tests.pages.conftest import OpenPage, button_keys, words
from tests.pages.fakes import ANSWER, FakeClients
from ui.components.glossary.rule_table import matching
from ui.state import glossary as state

CAPEX = Rule("capex", ("purchases of property", "additions"))


@pytest.fixture
def personal(clients: FakeClients, make_settings: Callable[..., Settings]) -> None:
    """An installation of one person, without a password."""
    clients.settings = make_settings(redis_url="")


@pytest.fixture
def own_only(clients: FakeClients) -> None:
    """One own term, and no starter sets."""
    for name in SETS:
        clients.glossary.switch(name, on=False)
    clients.glossary.put([CAPEX])


def answer_with(searched: Searched) -> Answer:
    return replace(ANSWER, searched=searched)


def add(app: AppTest, term: str, phrases: str, button: str = "Add") -> None:
    app.text_input(key=state.TERM).set_value(term)
    app.text_area(key=state.PHRASES).set_value(phrases)
    next(each for each in app.button if each.label == button).click().run()


def choose(app: AppTest, label: str) -> None:
    """Choose a term; AppTest gives labels of options."""
    box = app.selectbox(key=state.CHOICE)
    box.select_index(list(box.options).index(label)).run()


@pytest.mark.usefixtures("personal")
def test_term_is_added(open_page: OpenPage, clients: FakeClients) -> None:
    """The form is empty for the next one; a term that cannot be found is refused, and stays."""
    app = open_page("glossary")
    add(app, " cap  ex ", "purchases of property;\nadditions")
    assert [*clients.glossary.glossary.own.values()] == [
        Rule("cap ex", ("purchases of property", "additions"))
    ]
    assert app.text_input(key=state.TERM).value == ""
    add(app, "?!", "x")
    assert "Give a term" in words(app)
    assert app.text_input(key=state.TERM).value == "?!"
    clients.glossary.error = BrokerUnavailableError()
    add(app, "opex", "operating expenses")
    assert BrokerUnavailableError.message in words(app)
    assert len(clients.glossary.glossary.own) == 1


@pytest.mark.usefixtures("personal", "own_only")
def test_term_is_changed(open_page: OpenPage, clients: FakeClients) -> None:
    """The form has what it was; saving puts the new term in the place of the old one."""
    app = open_page("glossary")
    choose(app, "capex")
    app.button(key="glossary_edit").click().run()
    assert app.text_input(key=state.TERM).value == "capex"
    assert app.text_area(key=state.PHRASES).value == "purchases of property; additions"
    add(app, "capital outlay", "additions", button="Save")
    assert [*clients.glossary.glossary.own.values()] == [Rule("capital outlay", ("additions",))]
    assert "Add a term" in words(app)


@pytest.mark.usefixtures("personal", "own_only")
def test_deletion_can_be_undone(open_page: OpenPage, clients: FakeClients) -> None:
    """Of a term of one's own."""
    app = open_page("glossary")
    choose(app, "capex")
    app.button(key="glossary_delete").click().run()
    assert clients.glossary.glossary.own == {}
    assert "The glossary is empty" in words(app)
    app.button(key="glossary_undo_button").click().run()
    assert [*clients.glossary.glossary.own.values()] == [CAPEX]
    assert "glossary_undo_button" not in button_keys(app)


@pytest.mark.usefixtures("personal")
def test_term_of_a_starter_set_is_switched_off(open_page: OpenPage, clients: FakeClients) -> None:
    """By one of one's own without words, which a click takes away again."""
    app = open_page("glossary")
    choose(app, "EBITDA (finance)")
    app.button(key="glossary_delete").click().run()
    assert [*clients.glossary.glossary.own.values()] == [Rule("EBITDA", ())]
    app.button(key="glossary_undo_button").click().run()
    assert clients.glossary.glossary.own == {}


@pytest.mark.usefixtures("personal")
def test_starter_sets_are_switched_with_one_click(
    open_page: OpenPage, clients: FakeClients
) -> None:
    """All are on at first; what another page switched shows when this one is drawn."""
    app = open_page("glossary")
    key = state.toggle_key("law")
    assert [app.toggle(key=state.toggle_key(name)).value for name in SETS] == [True] * 3
    app.toggle(key=key).set_value(False).run()
    assert clients.glossary.glossary.off == {"law"}
    clients.glossary.switch("law", on=True)
    app.run()
    assert app.toggle(key=key).value is True


@pytest.mark.usefixtures("own_only")
def test_only_operators_change_it(
    open_page: OpenPage, clients: FakeClients, make_settings: Callable[..., Settings]
) -> None:
    """Others see the terms and can try a question; with a password, where to sign in."""
    app = open_page("glossary")
    assert not {"glossary_edit", "glossary_delete"} & button_keys(app)
    assert all(toggle.disabled for toggle in app.toggle)
    assert "Operators can change the glossary." in words(app)
    assert "Sign in" not in words(app)
    clients.settings = make_settings(dashboard_username="ops", dashboard_password="secret")
    assert "Sign in on the page Operations" in words(open_page("glossary"))


def test_question_can_be_tried(open_page: OpenPage) -> None:
    """It says which terms are in it, and what is searched for then."""
    app = open_page("glossary")
    app.text_input(key=state.TRIAL).set_value("What was our capex?").run()
    assert "capex: also purchases of property, plant and equipment" in words(app).replace("*", "")
    app.text_input(key=state.TRIAL).set_value("Who is it?").run()
    assert "No term of the glossary is in this question." in words(app)


@pytest.mark.usefixtures("own_only")
def test_search_without_a_match_says_so(open_page: OpenPage) -> None:
    """With what was searched for."""
    app = open_page("glossary")
    app.text_input(key=state.SEARCH).set_value("zebra").run()
    assert "No term has “zebra” in it." in words(app)


def test_search_looks_in_terms_and_phrases() -> None:
    """For all words, in any case."""
    rules = [CAPEX, Rule("opex", ("operating expenses",))]
    assert matching(rules, "PROPERTY cap") == [CAPEX]
    assert matching(rules, "ex") == rules
    assert matching(rules, "") == rules


def test_receipt_says_what_else_was_searched(open_page: OpenPage, clients: FakeClients) -> None:
    """The words of the glossary, and the parts of a question that asks several things."""
    job = clients.jobs.put("What is capex? And opex?", JobState.FINISHED)
    searched = Searched(also=("purchases of *property*",), parts=("What is capex?", "And opex?"))
    clients.jobs.answers[job] = answer_with(searched)
    text = words(open_page("ask", job))
    assert "Also searched: purchases of *property*" in text
    assert "Searched in 2 parts" in text
    assert "2. And opex?" in text


def test_one_click_searches_all_documents(open_page: OpenPage, clients: FakeClients) -> None:
    """Where an answer was searched for mainly in some of them: another version of the question."""
    job = clients.jobs.put("What is capex?", JobState.FINISHED)
    clients.jobs.answers[job] = answer_with(
        Searched(mainly_in=("a.pdf", "b.pdf", "c.pdf", "d.pdf"))
    )
    app = open_page("ask", job)
    assert "Searched mainly in a.pdf, b.pdf, c.pdf and 1 more" in words(app).replace("*", "")
    app.button(key=f"everywhere_{job}").click().run()
    newest = list(clients.jobs.jobs.values())[-1]
    assert (newest.asked.everywhere, newest.asked.version_of) == (True, job)
    assert "All documents counted alike" in words(app)


def test_parts_are_shown_while_they_are_searched_for(
    open_page: OpenPage, clients: FakeClients
) -> None:
    """As steps, until the answer is written."""
    job = clients.jobs.put("A? B?", JobState.STARTED, stage=Stage.RETRIEVING)
    clients.jobs.in_parts[job] = ("What is A?", "What is B?")
    assert "2. What is B?" in words(open_page("ask", job))
    clients.jobs.change(job, stage=Stage.GENERATING)
    assert "2. What is B?" not in words(open_page("ask", job))


def test_all_terms_are_listed(open_page: OpenPage) -> None:
    """Those of starter sets with the name of their set."""
    app = open_page("glossary")
    [table] = app.dataframe
    assert len(table.value) == sum(map(len, starter_sets().values()))
    assert set(table.value["From"]) == {name.capitalize() for name in SETS}
