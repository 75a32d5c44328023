"""A typed value in Streamlit's session state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar, cast

import streamlit as st

T = TypeVar("T")


@dataclass(frozen=True)
class SessionValue(Generic[T]):
    """One value under one key. `default` stands for a value never set, so it must be immutable."""

    key: str
    default: T

    def get(self) -> T:
        """Return the value, or the default if it was never set."""
        return cast(T, st.session_state.get(self.key, self.default))

    def set(self, value: T) -> None:
        """Keep the value until it is set again or cleared."""
        st.session_state[self.key] = value

    def take(self) -> T:
        """Return the value and clear it."""
        return cast(T, st.session_state.pop(self.key, self.default))

    def clear(self) -> None:
        """Go back to the default."""
        st.session_state.pop(self.key, None)
