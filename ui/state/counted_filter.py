"""A filter whose options are labelled with counts, such as "Failed 3"."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from ui.state.session_value import SessionValue
from ui.state.tables import ALL


@dataclass(frozen=True)
class CountedFilter:
    """The chosen option of a `st.pills` with this key, kept beside the widget.

    The browser names a choice by its label. If the count in the label changed meanwhile, Streamlit
    does not know it and sets the widget to None, which is no choice of a person.
    """

    key: str

    @property
    def _kept(self) -> SessionValue[str]:
        return SessionValue(f"{self.key}_kept", ALL)

    def get(self) -> str:
        """Return the chosen option; `ALL` at first."""
        return self._kept.get()

    def set(self, option: str) -> None:
        """Choose an option; the widget shows it when it is drawn next."""
        self._kept.set(option)

    def prepare(self) -> None:
        """Have the widget show the chosen option. Call it right before the widget is drawn."""
        if st.session_state.get(self.key) != self.get():
            st.session_state[self.key] = self.get()

    def note_choice(self) -> None:
        """Keep what was clicked; the callback of the widget."""
        option = st.session_state[self.key]
        if option is not None:
            self.set(option)
