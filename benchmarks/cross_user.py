"""Whether anybody gets at a word of another user: calls of everything that serves bytes.

    python -m benchmarks.cross_user [--calls 10000] [--seed 1]

A real web server, worker and dashboard. Ann has a private document, questions and answers, a batch,
a webhook and a key, each with a word of its own. Then Bob, by cookie and by keys of each scope, and
somebody without a cookie call all routes of the API, of Streamlit and of the dashboard, the latter
as the operator, with Ann's ids in random order, and draw pages with them. The routes are those that
the applications say they have, so that a new one is called too. Exits with 1 if a word of Ann's is
in the headers or the body of any reply.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import re
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.browsing import draw
from benchmarks.stack import DURABLE, answers, free_port, local_stack, process, wait_for
from jobs.access.api_keys import Scope
from jobs.operations.dashboard import create_app as create_dashboard
from jobs.settings import Settings
from ui.api.application import create_app
from ui.clients import Clients, build_clients
from ui.identity.browser_cookie import Signer

SECRET = "cross-user"
OPERATOR = ("ops", "an-operators-password")
# Of Streamlit's own server, beside the pages.
STREAMLIT = (
    ("GET", "/"),
    ("GET", "/_stcore/health"),
    ("GET", "/_stcore/host-config"),
    ("GET", "/_stcore/metrics"),
    ("GET", "/_stcore/script-health-check"),
    ("GET", "/media/{file_id}"),
    ("PUT", "/_stcore/upload_file/{session_id}/{file_id}"),
    ("DELETE", "/_stcore/upload_file/{session_id}/{file_id}"),
    ("GET", "/component/{path}"),
)
PAGES = ("", "documents", "batch", "api-keys", "operations", "failed")
# One page costs as much as fifty calls.
PAGE_SHARE = 0.02
# A worker ends, and its model calls: nobody waits for more than that.
TIMEOUT_SECONDS = 60.0


@dataclass
class Ann:
    """What is Ann's: a word for each place, and the ids of everything."""

    words: dict[str, str] = field(default_factory=dict)  # by the word, where it stands
    ids: list[str] = field(default_factory=list)

    def word(self, place: str) -> str:
        made = f"zq{secrets.token_hex(6)}"
        self.words[made] = place
        return made

    def found_in(self, reply: str) -> set[str]:
        """Return the places of her words in a reply."""
        said = reply.lower()
        return {place for word, place in self.words.items() if word in said}


@dataclass(frozen=True)
class Route:
    """Something to call: where, and how. `{…}` in the path is filled with an id."""

    site: str
    method: str
    path: str


def routes_of(clients: Clients, settings: Settings) -> list[Route]:
    """Return all routes of the API, of Streamlit's server and of the dashboard."""
    found = {
        Route("api", method, f"/api{path}")
        for path, methods in _paths(create_app(clients))
        for method in methods
    }
    found |= {Route("streamlit", method, path) for method, path in STREAMLIT}
    for rule in create_dashboard(settings).url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        methods = (rule.methods or set()) - {"OPTIONS", "HEAD"}
        found |= {Route("dashboard", method, path) for method in methods}
    return sorted(found, key=lambda route: (route.site, route.path, route.method))


def _paths(app: Any, before: str = "") -> Iterator[tuple[str, set[str]]]:
    """Yield the paths of an application and of all that is mounted in it, with their methods."""
    for path, methods in app.openapi()["paths"].items() if hasattr(app, "openapi") else ():
        yield before + path, {method.upper() for method in methods}
    for route in app.routes:
        if getattr(route, "methods", None):
            yield before + route.path, set(route.methods) - {"HEAD", "OPTIONS"}
        elif hasattr(getattr(route, "app", None), "routes"):
            yield from _paths(route.app, before + route.path)


def fill(ann: Ann, clients: Clients, web: httpx.Client, cookie: str) -> None:
    """Have Ann use everything, with a word of its own in each place."""
    as_ann = {"Cookie": cookie}
    name, inside = ann.word("name of a document"), ann.word("private document")
    text = f"# Rules\n\nThe hotel limit in {inside} is EUR 160 per night."
    added = web.post(
        "/api/documents",
        headers=as_ann,
        files={"file": (f"{name}.md", text)},
        data={"visibility": "private"},
    )
    added.raise_for_status()
    document = added.json()["id"]
    ann.ids.append(document)
    path = f"/api/documents/{document}"
    wait_for(
        lambda: web.get(path, headers=as_ann).json()["status"] == "indexed", 120, "the indexing"
    )
    follows = ""
    for number in range(6):
        query = f"What is the hotel limit {ann.word('question')} in {inside}?"
        body = {"query": query, "follows": follows}
        asked = web.post("/api/chat", headers=as_ann, json=body)
        asked.raise_for_status()
        follows = asked.json()["job_id"]
        ann.ids.append(follows)
        result = f"/api/result/{follows}?wait=30"
        wait_for(
            lambda result=result: web.get(result, headers=as_ann).status_code == 200,
            60,
            "an answer",
        )
        if number % 3 == 2:
            follows = ""
    questions = [f"Is {ann.word('row of a batch')} allowed?", f"And {ann.word('row of a batch')}?"]
    body = {"questions": questions, "name": ann.word("name of a batch")}
    batch = web.post("/api/batches", headers=as_ann, json=body)
    batch.raise_for_status()
    ann.ids.append(batch.json()["id"])
    hook = web.post(
        "/api/webhooks",
        headers=as_ann,
        json={"url": f"http://127.0.0.1:9/{ann.word('webhook')}", "include_answer": True},
    )
    hook.raise_for_status()
    ann.ids.append(hook.json()["id"])
    user = web.get("/api/me", headers=as_ann).json()["user"]
    ann.words[user] = "identity"
    key, secret = clients.keys.create(user, ann.word("name of a key"), Scope)
    ann.words[secret.lower()] = "API key"
    ann.ids.append(key.id)
    web.post(f"/api/webhooks/{hook.json()['id']}/test", headers=as_ann).raise_for_status()
    seen = str(web.get("/api/jobs", headers=as_ann).text)
    if not ann.found_in(seen):
        raise SystemExit("Ann does not find her own words: nothing could be found out")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance, ann = random.Random(options.seed), Ann()
    with contextlib.ExitStack() as held:
        held.enter_context(local_stack("cross-user", "", **DURABLE))
        port, board = free_port(), free_port()
        os.environ |= {
            "OPENAI_API_KEY": "",  # answers quote the documents
            "CHAT_MODEL": "",
            "INDEX_SAMPLES": "true",
            "EMBEDDING_MODEL": "",
            "SECRET_KEY": SECRET,
            "DASHBOARD_USERNAME": OPERATOR[0],
            "DASHBOARD_PASSWORD": OPERATOR[1],
            "WEBHOOK_ALLOWED_HOSTS": "127.0.0.1",
            "DASHBOARD_PORT": str(board),
        }
        env, settings = dict(os.environ), Settings(_env_file=None)
        clients, host = build_clients(settings), f"127.0.0.1:{port}"
        serve = ["-m", "streamlit", "run", "ui/server.py", "--server.port", str(port)]
        held.enter_context(process(["-m", "jobs.worker"], env))
        held.enter_context(process(serve, env))
        held.enter_context(process(["-m", "jobs.operations.dashboard"], env))
        urls = {"api": f"http://{host}", "dashboard": f"http://127.0.0.1:{board}"}
        urls["streamlit"] = urls["api"]
        for url in set(urls.values()):
            wait_for(lambda url=url: answers(f"{url}/_stcore/health"), 120, f"an answer of {url}")
        web = held.enter_context(httpx.Client(base_url=urls["api"], timeout=TIMEOUT_SECONDS))
        signer = Signer(SECRET)
        cookies = {
            who: f"{signer.cookie_name}={signer._serializer.dumps(secrets.token_hex(8))}"
            for who in ("ann", "bob")
        }
        fill(ann, clients, web, cookies["ann"])
        bob = web.get("/api/me", headers={"Cookie": cookies["bob"]}).json()["user"]
        callers = {"nobody": {}, "Bob's cookie": {"Cookie": cookies["bob"]}}
        for scopes in (*([scope] for scope in Scope), list(Scope)):
            _, secret = clients.keys.create(bob, "Bob's key", scopes)
            callers["key " + "+".join(scopes)] = {"Authorization": f"Bearer {secret}"}
        routes = routes_of(clients, settings)
        http = held.enter_context(httpx.Client(timeout=TIMEOUT_SECONDS))
        leaks: Counter[str] = Counter()
        made: Counter[str] = Counter()
        statuses: Counter[int] = Counter()
        broken: Counter[str] = Counter()
        started = time.monotonic()
        for _ in range(options.calls):
            if chance.random() < PAGE_SHARE:
                cookie = chance.choice(("", cookies["bob"]))
                page = chance.choice(PAGES)
                which = chance.choice(("job", "batch", "document", "version", "source"))
                made["pages"] += 1
                drawn = draw(host, cookie, page, f"{which}={chance.choice(ann.ids)}")
                found = ann.found_in("\n".join(map(str, drawn)))
                call = f"page /{page}"
            else:
                route = chance.choice(routes)
                caller, headers = chance.choice(list(callers.items()))
                given = route.path.replace("{instance_number}", "0")
                path = re.sub(r"{[^}]+}", lambda _: chance.choice(ann.ids), given)
                more: dict[str, Any] = {"headers": headers}
                if route.site == "dashboard":
                    caller, more = "operator", {"auth": OPERATOR}
                if route.method in ("POST", "PUT"):
                    one = chance.choice(ann.ids)
                    more["json"] = {
                        "query": "What is the hotel limit?",
                        chance.choice(("follows", "version_of", "query")): one,
                        "documents": chance.choice(([], [one])),
                        "model": "askqueue",
                        "messages": [{"role": "user", "content": f"What does {one} say?"}],
                        "questions": ["What is the limit?", one],
                        "url": "http://127.0.0.1:9/bob",
                        "job_ids": [one],
                    }
                    if route.path.endswith("/chat"):
                        more["json"].pop("model")
                reply = http.request(route.method, urls[route.site] + path, **more)
                statuses[reply.status_code] += 1
                if reply.status_code == 500:
                    broken[f"{route.method} {route.path}"] += 1
                made[route.site] += 1
                found = ann.found_in(f"{reply.headers}\n{reply.text}")
                call = f"{route.method} {route.path} as {caller}"
            for place in found:
                leaks[f"{call}: {place}"] += 1
        seconds = time.monotonic() - started
    print(f"{sum(made.values()):,} calls of {len(routes)} routes in {seconds:.0f} s: {dict(made)}")
    print(f"statuses: {dict(sorted(statuses.items()))}")
    for route_name, count in broken.items():
        print(f"500 {count:5} × {route_name}")
    for leak, count in leaks.most_common(40):
        print(f"LEAK {count:5} × {leak}")
    print(f"{sum(leaks.values())} leaks")
    return 1 if leaks else 0


if __name__ == "__main__":
    raise SystemExit(main())
