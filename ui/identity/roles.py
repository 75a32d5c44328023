"""What the visitor of a page may do beyond their own questions and documents."""

from __future__ import annotations

from dataclasses import replace

from jobs.access.operators import Access
from jobs.models import Document
from jobs.settings import Settings
from ui.identity import people
from ui.identity.people import Person
from ui.state import operators as operator_state


def visitor(settings: Settings) -> Person | None:
    """Identify the page's visitor; one who gave the operators' password here is an operator."""
    person = people.current_person()
    if person is None:
        return None
    access = people.operators_access(settings)
    gave_password = access is Access.PASSWORD and operator_state.is_signed_in.get()
    return replace(person, is_operator=access is Access.OPEN or gave_password)


def may_manage(person: Person, document: Document) -> bool:
    """Return whether this person may delete the document and index it again."""
    return person.is_operator or document.is_managed_by(person.user)
