"""The glossary in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jobs.errors import AskqueueError
from jobs.glossary.rules import Rule
from jobs.glossary.store import Glossary


class FakeGlossary:
    """GlossaryStore in memory. `error`, if set, is raised by every change."""

    def __init__(self) -> None:
        self.glossary = Glossary({})
        self.error: AskqueueError | None = None

    def read(self) -> Glossary:
        return self.glossary

    def put(self, rules: Sequence[Rule], *, instead_of: Rule | None = None) -> None:
        self._refuse()
        own = {key: rule for key, rule in self.glossary.own.items() if rule != instead_of}
        own |= {rule.key: rule for rule in rules}
        self.glossary = replace(self.glossary, own=own)

    def delete(self, rule: Rule) -> None:
        self._refuse()
        own = {key: each for key, each in self.glossary.own.items() if key != rule.key}
        self.glossary = replace(self.glossary, own=own)

    def switch(self, name: str, *, on: bool) -> None:
        self._refuse()
        off = self.glossary.off - {name} if on else self.glossary.off | {name}
        self.glossary = replace(self.glossary, off=off)

    def _refuse(self) -> None:
        if self.error is not None:
            raise self.error
