"""The page for operators: queues, workers and what they run, now and over the last hour or day."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from jobs.access.operators import Access
from jobs.operations import metrics
from jobs.operations.client import Operations, Span
from jobs.operations.metrics import DAY, HOUR, Tally
from jobs.settings import LOOPBACK_HOSTS, QUEUE_NAMES, Settings
from ui.clients import Clients, get_clients
from ui.components.common.looks import kind_name
from ui.components.operations.charts import show_charts
from ui.components.operations.queue_cards import show_failures, show_figures, show_queues
from ui.components.operations.worker_table import show_running, show_workers
from ui.components.page.banners import show_no_worker
from ui.components.page.live_page import show_live
from ui.components.page.operator_sign_in import show_sign_in, show_sign_out
from ui.identity.people import current_person, operators_access, page_host
from ui.state import operators as operator_state

REFRESH_SECONDS = 3.0
PERIODS = {"Last hour": (HOUR, "minute"), "Last day": (DAY, "10 minutes")}
SUSPENDED = (
    "RQ has suspended all queues. Run `rq resume` with this installation's `REDIS_URL` to resume "
    "them."
)


def show_page() -> None:
    clients, person = get_clients(), current_person()
    access = operators_access(clients.settings)
    if person is None or access is Access.CLOSED:
        return
    is_in = access is not Access.PASSWORD or operator_state.is_signed_in.get()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Operations", anchor=False)
        dashboard = dashboard_address(clients.settings, page_host())
        if is_in and dashboard:
            st.link_button("rq-dashboard", dashboard, icon=":material/open_in_new:")
        if is_in and access is Access.PASSWORD:
            show_sign_out()
    if not is_in:
        show_sign_in(clients.settings)
        return
    # All operators see who paused a queue.
    operator = person.name or clients.settings.dashboard_username
    show_live(clients.jobs, person.user, lambda: _draw(clients, operator))


def dashboard_address(settings: Settings, host: str) -> str:
    """Return the address of rq-dashboard; "" if it is unknown, as behind another host name."""
    if settings.dashboard_url:
        return settings.dashboard_url
    name = re.sub(r":\d+$", "", host)
    return f"http://{name}:{settings.dashboard_port}" if name in LOOPBACK_HOSTS else ""


def _draw(clients: Clients, operator: str) -> float:
    """Draw the live part; return how soon to draw it again."""
    overview = clients.operations.overview()
    if overview.suspended:
        st.warning(SUSPENDED, icon=":material/pause_circle:")
    if not overview.workers:
        show_no_worker()
    show_figures(overview)
    show_queues(clients.operations, overview.queues, operator)
    _show_past(clients.operations, sum(queue.failed for queue in overview.queues))
    st.header("Running now", anchor=False)
    show_running(overview.running)
    if overview.workers:
        st.header("Workers", anchor=False)
        show_workers(overview.workers)
    return REFRESH_SECONDS


def _show_past(operations: Operations, failed_now: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="past"):
        st.segmented_control(
            "Period",
            list(PERIODS),
            default=next(iter(PERIODS)),
            required=True,
            key=operator_state.OPERATIONS_PERIOD,
            label_visibility="collapsed",
        )
        st.segmented_control(
            "Queue of the charts",
            list(QUEUE_NAMES),
            default=QUEUE_NAMES[0],
            required=True,
            key=operator_state.OPERATIONS_QUEUE,
            label_visibility="collapsed",
        )
    period, span_name = PERIODS[operator_state.operations_period() or "Last hour"]
    spans = operations.spans(period)
    show_charts(spans, operator_state.operations_queue() or QUEUE_NAMES[0], span_name)
    st.header("Failures by kind, all queues", anchor=False)
    show_failures(_kinds(spans), failed_now)


def _kinds(spans: Sequence[Span]) -> list[tuple[str, int, int]]:
    total = Tally.sum(span.tally for span in spans)
    failed, retried = total.kinds(metrics.FAILED), total.kinds(metrics.RETRIED)
    return [
        (kind_name(kind), failed.get(kind, 0), retried.get(kind, 0))
        for kind in dict.fromkeys((*failed, *retried))
    ]


show_page()
