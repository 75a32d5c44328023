"""What buttons of the Glossary page do. Errors are kept, and shown where the form is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from jobs.errors import AskqueueError
from jobs.glossary.csv_file import split_phrases
from jobs.glossary.rules import Rule, make_rule
from jobs.glossary.store import GlossaryStore
from ui.components.common.text import counted, plain
from ui.state import glossary as glossary_state
from ui.state import notices as notice_state
from ui.streamlit_patches.bounded_uploads import forget_uploads


def save_rule(store: GlossaryStore) -> None:
    """Store what is in the form; a rule that it changed goes."""
    term, phrases = glossary_state.typed()
    edited = glossary_state.edited.get()

    def save() -> None:
        rule = make_rule(term, split_phrases(phrases))
        store.put([rule], instead_of=edited if edited and not edited.source else None)
        glossary_state.edit(None)
        glossary_state.deleted.set(None)
        notice_state.add(f"“{plain(rule.term)}” is in the glossary.", ":material/check:")

    _try(save)


def delete_rule(store: GlossaryStore, rule: Rule) -> None:
    """Delete a rule; of a starter set, switch it off by one of our own without words."""

    def delete() -> None:
        if rule.source:
            store.put([replace(rule, phrases=(), source="")])
        else:
            store.delete(rule)
        glossary_state.deleted.set(rule)
        if glossary_state.edited.get() == rule:
            glossary_state.edit(None)

    _try(delete)


def undo_deletion(store: GlossaryStore, rule: Rule) -> None:
    """Bring back the rule that was just deleted."""

    def undo() -> None:
        if rule.source:
            store.delete(rule)
        else:
            store.put([rule])
        glossary_state.deleted.set(None)

    _try(undo)


def switch_set(store: GlossaryStore, name: str) -> None:
    """Switch a starter set as its toggle now stands."""
    _try(lambda: store.switch(name, on=bool(st.session_state[glossary_state.toggle_key(name)])))


def import_rules(store: GlossaryStore, rules: Sequence[Rule]) -> None:
    """Add the rules of a file, in place of those for the same terms."""

    def add() -> None:
        store.put(rules)
        glossary_state.forget_file()
        forget_uploads()
        notice_state.add(
            f"{counted(len(rules), 'term')} of the file in the glossary.", ":material/check:"
        )

    _try(add)


def _try(change: Callable[[], None]) -> None:
    try:
        change()
    except AskqueueError as error:
        glossary_state.failure.set(error.failure)
