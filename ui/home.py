"""The script that Streamlit runs for every visit: page settings, navigation, sidebar, page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

from jobs.access.operators import Access
from jobs.errors import AskqueueError, BrokerUnavailableError
from ui.clients import get_clients
from ui.components.history.sidebar_history import ASK_PAGE, show_history
from ui.components.page.account_menu import show_account
from ui.components.page.notices import tab_title
from ui.components.page.sign_in_page import show_sign_in_page
from ui.identity.people import Person, current_person, operators_access
from ui.state import address as address_state
from ui.state import history as history_state
from ui.state import question as question_state
from ui.state import refresh as refresh_state
from ui.state import session as session_state
from ui.web.turns import drawing_turns

STATIC = Path(__file__).resolve().parent / "static"
# Not with Ctrl: browsers keep Ctrl+N, and most of its neighbours, for themselves.
NEW_QUESTION_KEYS = "Alt+N"


def main() -> None:
    person, refusal = visitor()
    session_state.claim(person.user if person else None)
    title = tab_title(refresh_state.take_title_states())
    refresh_state.title.set(title)
    st.set_page_config(
        page_title=title,
        page_icon=str(STATIC / "icon.svg"),
        layout="wide",
        initial_sidebar_state="auto",
    )
    st.html(STATIC / "access.css")
    # One list: with headings between them, screen readers do not see a list of links.
    page = st.navigation(
        [page for section in pages(person).values() for page in section],
        position="sidebar" if person else "hidden",
    )
    if person is None:
        show_sign_in_page(get_clients().settings, refusal)
        return
    st.logo(str(STATIC / "logo.svg"), icon_image=str(STATIC / "icon.svg"), size="large")
    if page.title == "Ask":
        question_state.open_address()
        address_state.open_address()
    else:
        address_state.leave()
    question_state.shown_job.set(None)  # the page says if it shows one
    with drawing_turns.taken(person.user):
        with st.sidebar:
            show_account(get_clients().settings, person)
            show_sidebar(person.user, on_ask_page=page.title == "Ask")
        page.run()


def visitor() -> tuple[Person | None, str]:
    """Return who looks at the page; if they may not, why not, where there is more to say."""
    try:
        return current_person(), ""
    except AskqueueError as refusal:
        return None, refusal.message


def pages(person: Person | None) -> dict[str, list[Page]]:
    """Return the pages by section; those for operators only where this person can be one."""
    sections = {
        "": [
            st.Page(ASK_PAGE, title="Ask", icon=":material/forum:", default=True),
            st.Page("pages/documents.py", title="Documents", icon=":material/folder_open:"),
            st.Page("pages/batch.py", title="Batches", icon=":material/table_rows:"),
            st.Page("pages/glossary.py", title="Glossary", icon=":material/dictionary:"),
            st.Page("pages/api_keys.py", title="API keys", icon=":material/key:"),
        ]
    }
    if person and operators_access(get_clients().settings) is not Access.CLOSED:
        sections["Operations"] = [
            st.Page("pages/operations.py", title="Operations", icon=":material/monitor_heart:"),
            st.Page("pages/failed.py", title="Failed jobs", icon=":material/assignment_late:"),
            st.Page("pages/question_sets.py", title="Question sets", icon=":material/checklist:"),
        ]
    return sections


def show_sidebar(user: str, *, on_ask_page: bool) -> None:
    """Show the button for a new question, the search and the history."""
    if st.button(
        "New question",
        icon=":material/edit_square:",
        key="new_question",
        width="stretch",
        shortcut=NEW_QUESTION_KEYS,
        help=f"{NEW_QUESTION_KEYS} from anywhere",
    ):
        question_state.start_new_question()
        st.switch_page(ASK_PAGE, query_params=address_state.parameters())
    st.text_input(
        "Search your questions",
        key=history_state.HISTORY_SEARCH,
        type="search",
        placeholder="Search your questions",
        label_visibility="collapsed",
        live=True,
        persist_state="session",
        on_change=history_state.search_in_sidebar,
    )
    try:
        show_history(get_clients().jobs, user, on_ask_page=on_ask_page)
    except BrokerUnavailableError:
        # The page itself says what is wrong, and has the sidebar drawn again when it is over.
        refresh_state.sidebar_states.set(None)
        st.caption("Your history will be back when the job queue is.")


main()
