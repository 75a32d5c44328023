"""What whoever looks at a page may do there, beyond what is their own."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.models import Document
from jobs.operators import Access
from jobs.settings import Settings
from ui import identity, state


@dataclass(frozen=True)
class Visitor:
    """Who looks at a page, and whether as an operator."""

    user: str
    is_operator: bool = False

    def may_manage(self, document: Document) -> bool:
        """True if this visitor may delete the document and index it again."""
        return self.is_operator or document.is_managed_by(self.user)


def visitor_of(user: str, settings: Settings) -> Visitor:
    """The visitor of the page that is drawn now."""
    access = identity.operators_access(settings)
    signed_in = access is Access.PASSWORD and state.is_operator()
    return Visitor(user, is_operator=access is Access.OPEN or signed_in)
