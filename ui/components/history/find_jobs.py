"""Find questions without looking through all of them at every refresh of a page."""

from __future__ import annotations

import time
from collections.abc import Sequence

from jobs.models import JobPage
from jobs.questions.client import JobClient
from jobs.questions.query import JobQuery
from ui.state import found as found_state

# A search is repeated after this many times its own duration, so it takes at most a hundredth of a
# core. An action of the user, or a change in the sidebar, has it repeated at once, see
# `ui.state.refresh`.
REST_FACTOR = 100.0
SHORTEST_REST_SECONDS = 1.0


def find_page(jobs: JobClient, user: str, query: JobQuery, offset: int, limit: int) -> JobPage:
    """Return a page of matching questions. Which ones may be seconds old, their states are not."""
    if not query.reads_all:
        return jobs.list_jobs(user, query, offset=offset, limit=limit)
    ids = find(jobs, user, query)
    return JobPage(tuple(jobs.read_jobs(user, ids[offset : offset + limit])), len(ids))


def find(jobs: JobClient, user: str, query: JobQuery) -> Sequence[str]:
    """Return the ids of the questions that match, in the order asked for."""
    kept = found_state.kept(query)
    if kept is not None:
        return kept.job_ids
    started = time.monotonic()
    ids = jobs.find_jobs(user, query)
    ended = time.monotonic()
    rest = max(SHORTEST_REST_SECONDS, REST_FACTOR * (ended - started))
    found_state.keep(query, found_state.Found(ids, ended + rest))
    return ids
