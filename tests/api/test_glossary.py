"""The glossary over HTTP: everybody reads it, operators replace it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from jobs.glossary.csv_file import read_csv
from jobs.glossary.rules import Rule
from jobs.glossary.sets import SETS
from ui.clients import Clients

CAPEX = {"term": "capex", "phrases": ["purchases of property", "additions"]}


@pytest.fixture
def operator(open_api: Callable[..., TestClient]) -> TestClient:
    """An operator, who gave user and password."""
    client = open_api(dashboard_username="ops", dashboard_password="secret")
    client.auth = ("ops", "secret")
    return client


def test_glossary_is_read_and_replaced(operator: TestClient, clients: Clients) -> None:
    """What is put comes back, beside the starter sets that are on."""
    before = operator.get("/glossary").json()
    assert before["own"] == []
    assert before["sets"] == [{"name": name, "on": True} for name in SETS]
    reply = operator.put("/operator/glossary", json={"own": [CAPEX], "sets_off": ["law"]})
    assert reply.status_code == 200
    assert reply.json() == operator.get("/glossary").json()
    assert reply.json()["own"] == [CAPEX]
    assert CAPEX in reply.json()["terms"]
    assert [each["on"] for each in reply.json()["sets"]] == [True, False, True]
    assert len(reply.json()["terms"]) < len(before["terms"])
    assert [*clients.glossary.read().own.values()] == [
        Rule("capex", ("purchases of property", "additions"))
    ]


def test_glossary_is_a_file(operator: TestClient) -> None:
    """That can be imported again, with the terms of its own and of the starter sets."""
    operator.put("/operator/glossary", json={"own": [CAPEX], "sets_off": ["law", "technology"]})
    reply = operator.get("/glossary/file")
    assert reply.headers["content-type"].startswith("text/csv")
    assert "glossary.csv" in reply.headers["content-disposition"]
    rules = read_csv(reply.content)
    assert Rule("capex", ("purchases of property", "additions")) in rules
    assert len(rules) == len(operator.get("/glossary").json()["terms"])


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"own": [{"term": "", "phrases": ["x"]}]}, 422, "invalid_glossary"),
        ({"own": [{"term": "=1", "phrases": ["x"]}]}, 422, "invalid_glossary"),
        ({"own": [], "sets_off": ["medicine"]}, 404, "not_found"),
        ({"own": [CAPEX] * 1001}, 422, "invalid_input"),
        ({}, 422, "invalid_input"),
    ],
)
def test_bad_glossary_is_refused(
    operator: TestClient, body: object, status: int, kind: str
) -> None:
    """Nothing of it is stored."""
    operator.put("/operator/glossary", json={"own": [CAPEX]})
    reply = operator.put("/operator/glossary", json=body)
    assert (reply.status_code, reply.json()["error"]["kind"]) == (status, kind)
    assert operator.get("/glossary").json()["own"] == [CAPEX]


def test_only_operators_replace_it(open_api: Callable[..., TestClient]) -> None:
    """Everybody may read it: it says in which words their questions are searched for."""
    http = open_api(dashboard_username="ops", dashboard_password="secret")
    assert http.put("/operator/glossary", json={"own": []}).status_code == 401
    assert http.get("/glossary").status_code == 200
    http.auth = ("ops", "secret")
    foreign = {"Sec-Fetch-Site": "cross-site"}
    reply = http.put("/operator/glossary", json={"own": []}, headers=foreign)
    assert reply.status_code == 403
