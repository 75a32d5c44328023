"""The glossary as workers have it: read again only when somebody changed it."""

from __future__ import annotations

from jobs.glossary.store import Glossary, GlossaryStore
from jobs.glossary.term_finder import TermFinder


class LiveGlossary:
    """The glossary of an installation, read again when its version is another one."""

    def __init__(self, store: GlossaryStore) -> None:
        self._store = store
        self._read: tuple[str, TermFinder] | None = None

    def at(self, version: str) -> TermFinder:
        """Return what finds the terms; raises BrokerUnavailableError.

        The version is that of the state of the index, read before: "" is one that nobody changed.
        Threads may read the rules twice in a race.
        """
        read = self._read
        if read is None or read[0] != version:
            glossary = self._store.read() if version else Glossary({})
            read = self._read = version, TermFinder(glossary.rules)
        return read[1]
