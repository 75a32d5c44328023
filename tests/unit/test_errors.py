"""The tree of errors, and what each of them says."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import pytest

import jobs.errors
from jobs.errors import AskqueueError


def test_docstring_draws_the_tree_of_errors() -> None:
    """`jobs.errors` shows every error below the one that it is a kind of."""
    drawn = "\n".join(["AskqueueError", *branches(AskqueueError)])
    assert textwrap.indent(drawn, "    ") in (jobs.errors.__doc__ or "")


def test_package_exports_every_error() -> None:
    """All errors can be imported from `jobs.errors`, whatever file they are in."""
    names = [error.__name__ for error in (AskqueueError, *descendants(AskqueueError))]
    assert sorted(jobs.errors.__all__) == sorted(names)


@pytest.mark.parametrize("name", jobs.errors.__all__)
def test_error_says_what_happened(name: str) -> None:
    """Each has a word for programs and a whole sentence for people."""
    failure = getattr(jobs.errors, name)().failure
    assert failure.kind == failure.kind.lower()
    assert failure.kind.replace("_", "").isalpha()
    assert failure.message[0].isupper()
    assert failure.message.rstrip().endswith((".", "…"))


def branches(error: type[AskqueueError], indent: str = "") -> Iterator[str]:
    """The lines of the tree below an error, with the kinds of one subject in their order."""
    kinds = our_subclasses(error)
    for kind in kinds:
        is_last = kind is kinds[-1]
        yield f"{indent}{'└── ' if is_last else '├── '}{kind.__name__}"
        yield from branches(kind, indent + ("    " if is_last else "│   "))


def descendants(error: type[AskqueueError]) -> Iterator[type[AskqueueError]]:
    for kind in our_subclasses(error):
        yield kind
        yield from descendants(kind)


def our_subclasses(error: type[AskqueueError]) -> list[type[AskqueueError]]:
    """The subclasses in `jobs.errors`, in the order of the subjects, then of the file."""
    kinds = [kind for kind in error.__subclasses__() if kind.__module__.startswith("jobs.errors.")]
    return sorted(kinds, key=lambda kind: SUBJECTS.index(kind.__module__.rpartition(".")[2]))


SUBJECTS = (
    "base",
    "questions",
    "documents",
    "access",
    "glossary",
    "webhooks",
    "services",
    "model_server",
    "attempts",
)
