"""The glossary over HTTP: read it, for everybody; replace its own terms, for operators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, FailFast, Field

from jobs.glossary.csv_file import write_csv
from jobs.glossary.rules import Rule, make_rule
from jobs.glossary.sets import SETS
from jobs.glossary.store import MAX_RULES, Glossary
from ui.api.dependencies import AppClients, Reader, refuse_other_sites, require_operator
from ui.api.errors import ERRORS
from ui.api.models import Text
from ui.web.attachments import attachment

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/glossary", responses={503: ERRORS[503]}, tags=["glossary"])
operator_router = APIRouter(
    prefix="/operator/glossary",
    dependencies=[Depends(require_operator)],
    responses={
        401: ERRORS[401],
        403: {**ERRORS[403], "description": "Not an operator, or a page of another site asks"},
        503: ERRORS[503],
    },
    tags=["glossary"],
)


class Term(BaseModel):
    """Where a question has the term, the phrases are searched for too."""

    term: Text = Field(examples=["capex"])
    phrases: list[Text] = Field(
        description="Without any, the term of a starter set is switched off.",
        examples=[["purchases of property, plant and equipment", "capital expenditures"]],
    )


class StarterSet(BaseModel):
    name: str = Field(examples=["finance"])
    on: bool


class GlossaryInfo(BaseModel):
    """All terms that count: `own`, and those of starter sets that are on."""

    own: list[Term]
    sets: list[StarterSet]
    terms: list[Term] = Field(description="Own terms and those of starter sets, by term.")


class GlossaryChange(BaseModel):
    """What the glossary is to be; what is not in it goes."""

    own: Annotated[list[Term], FailFast()] = Field(max_length=MAX_RULES)
    sets_off: list[Text] = Field(
        [], description="Names of the starter sets that are off.", examples=[["law"]]
    )


@router.get("")
def read_glossary(clients: AppClients, user: Reader) -> GlossaryInfo:
    """Return the glossary: its own terms, the starter sets, and all terms that count."""
    return _info(clients.glossary.read())


@router.get("/file", response_class=Response)
def download_glossary(clients: AppClients, user: Reader) -> Response:
    """Return all terms that count as CSV, which the page Glossary can import."""
    return Response(
        write_csv(clients.glossary.read().rules),
        media_type="text/csv",
        headers=attachment("glossary.csv"),
    )


@operator_router.put(
    "",
    dependencies=[Depends(refuse_other_sites)],
    responses={404: {**ERRORS[404], "description": "Unknown starter set"}},
)
def replace_glossary(clients: AppClients, body: GlossaryChange) -> GlossaryInfo:
    """Replace the own terms and which starter sets are off; questions that begin now see it."""
    clients.glossary.replace(
        [make_rule(item.term, item.phrases) for item in body.own], body.sets_off
    )
    log.info("glossary replaced", terms=len(body.own))
    return _info(clients.glossary.read())


def _info(glossary: Glossary) -> GlossaryInfo:
    return GlossaryInfo(
        own=_terms(list(glossary.own.values())),
        sets=[StarterSet(name=name, on=name not in glossary.off) for name in SETS],
        terms=_terms(glossary.rules),
    )


def _terms(rules: Sequence[Rule]) -> list[Term]:
    return [Term(term=rule.term, phrases=list(rule.phrases)) for rule in rules]
