"""The HTTP API where people sign in: who gets in, and as whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from jobs.settings import Settings
from tests.logins import login_cookies, use_login_secret
from ui.clients import Clients


@pytest.fixture
def oidc(
    http: TestClient,
    clients: Clients,
    make_settings: Callable[..., Settings],
    use_clients: Callable[[Clients], None],
    monkeypatch: pytest.MonkeyPatch,
) -> TestClient:
    """A caller of an API where people sign in, and the group `ops` has its operators."""
    use_login_secret(monkeypatch)
    settings = make_settings(
        auth_mode="oidc", operators="ops", dashboard_username="u", dashboard_password="p"
    )
    use_clients(replace(clients, settings=settings))
    return http


def test_nobody_gets_in_without_a_login(oidc: TestClient) -> None:
    """It is 401 with a sentence, and no challenge that has a browser ask for a password."""
    for path in ("/me", "/jobs", "/documents", "/result/x", "/operator/failed"):
        response = oidc.get(path)
        assert response.status_code == 401, path
        assert response.json()["error"]["kind"] == "not_signed_in"
        assert not response.headers["www-authenticate"].startswith("Basic")
    assert oidc.post("/chat", params={"query": "Why?"}).status_code == 401
    body = {"model": "askqueue", "messages": [{"role": "user", "content": "Why?"}]}
    refused = oidc.post("/v1/chat/completions", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "not_signed_in")
    assert oidc.get("/health").status_code == 200


def test_login_owns_its_questions(oidc: TestClient) -> None:
    """What one asked, another does not find; the same subject elsewhere is another."""
    oidc.cookies.update(login_cookies(sub="1", name="Ann"))
    me = oidc.get("/me").json()
    assert (me["name"], me["is_operator"]) == ("Ann", False)
    job_id = oidc.post("/chat", params={"query": "Why?"}).json()["job_id"]
    assert oidc.get(f"/job-status/{job_id}").status_code == 200
    oidc.cookies.update(login_cookies(sub="1", iss="https://other.example"))
    assert oidc.get("/me").json()["user"] != me["user"]
    assert oidc.get(f"/job-status/{job_id}").status_code == 404


def test_operators_need_no_second_password(oidc: TestClient) -> None:
    """Members of the group get in by their login, programs by the password, others not."""
    assert oidc.get("/operator/failed", auth=("u", "p")).status_code == 200
    assert oidc.get("/operator/failed", auth=("u", "wrong")).status_code == 401
    oidc.cookies.update(login_cookies(groups=["staff"]))
    response = oidc.get("/operator/failed")
    assert response.status_code == 403
    assert response.json()["error"]["kind"] == "operators_only"
    oidc.cookies.update(login_cookies(groups=["ops"]))
    assert oidc.get("/operator/failed").status_code == 200


def test_name_from_an_untrusted_proxy_is_refused(
    http: TestClient,
    clients: Clients,
    make_settings: Callable[..., Settings],
    use_clients: Callable[[Clients], None],
) -> None:
    """It is 403 for every endpoint that has a caller, never the user `api`."""
    settings = make_settings(auth_mode="proxy", trusted_proxies="10.0.0.2")
    use_clients(replace(clients, settings=settings))
    response = http.get("/jobs", headers={"X-Forwarded-User": "ann"})
    assert response.status_code == 403
    assert response.json()["error"]["kind"] == "untrusted_proxy"
    assert http.get("/jobs").status_code == 401


def test_program_without_a_cookie_is_api_where_nobody_signs_in(http: TestClient) -> None:
    """In the mode `anonymous`, whoever sends no cookie is the one user `api`."""
    assert http.get("/me").json() == {"user": "api", "name": "", "is_operator": False}
