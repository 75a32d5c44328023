"""Charts of the last hour or day: how much was done, and how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import altair as alt
import pandas as pd
import streamlit as st

from jobs.operations import metrics
from jobs.operations.client import Span
from jobs.operations.metrics import Tally
from ui.components.common.text import duration

# Two beside each other on a page of 1400 pixels, one on a narrow page.
WIDTH_PIXELS = 470
HEIGHT_PIXELS = 210
# Each is clear on both white and black.
GREEN, RED, ORANGE, BLUE, GRAY = "#2a9d76", "#e0564c", "#e09f3e", "#3f8fd6", "#8a93a3"
OUTCOMES = {
    "Finished": (metrics.FINISHED, GREEN),
    "Failed": (metrics.FAILED, RED),
    "Retried": (metrics.RETRIED, ORANGE),
}
QUANTILE_CHARTS = {
    "Wait for a worker": metrics.WAIT,
    "Run time of an attempt": metrics.RUN,
    "Time to the first words": metrics.FIRST_TOKEN,
}
QUANTILES = {"p50": (0.5, BLUE), "p95": (0.95, ORANGE)}


def show_charts(spans: Sequence[Span], queue: str, span_name: str) -> None:
    """Show one queue over time. `span_name` is the time a bar covers, such as "minute"."""
    total = Tally.sum(span.tally for span in spans)
    if not total.count(metrics.ATTEMPTS, queue):
        st.info("Nothing ran on this queue in this period.", icon=":material/bar_chart_off:")
        return
    with st.container(horizontal=True, key="charts"):
        with st.container(width=WIDTH_PIXELS, gap="small"):
            st.markdown(f"**Ended per {span_name}** :gray[{_throughput_line(total, queue)}]")
            _show(_bars(_outcomes(spans, queue)), "throughput")
        for title, name in QUANTILE_CHARTS.items():
            if total.histogram(name, queue).count:
                with st.container(width=WIDTH_PIXELS, gap="small"):
                    _show_quantiles(title, name, spans, total, queue)


def _show_quantiles(title: str, name: str, spans: Sequence[Span], total: Tally, queue: str) -> None:
    histogram = total.histogram(name, queue)
    values = [histogram.quantile(fraction) for fraction, _color in QUANTILES.values()]
    parts = [
        f"{label} {duration(value)}"
        for label, value in zip(QUANTILES, values, strict=True)
        if value is not None
    ]
    st.markdown(f"**{title}** :gray[{' · '.join(parts)}]")
    _show(_lines(_quantiles(spans, queue, name)), name)


def _throughput_line(total: Tally, queue: str) -> str:
    parts = [f"{total.count(metrics.FINISHED, queue):,} finished"]
    failed = total.count(metrics.FAILED, queue)
    if failed:
        parts.append(f"{failed:,} failed")
    tokens = total.count(metrics.TOKENS_IN, queue), total.count(metrics.TOKENS_OUT, queue)
    if any(tokens):
        parts.append(f"{_short(tokens[0])} tokens in, {_short(tokens[1])} out")
    return " · ".join(parts)


def _short(count: int) -> str:
    """Format a count that may be large: 812, 12.6k, 3.4M."""
    if count < 1000:
        return str(count)
    return f"{count / 1e3:.1f}k" if count < 1e6 else f"{count / 1e6:.1f}M"


def _outcomes(spans: Sequence[Span], queue: str) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"time": _time(span), "what": label, "count": span.tally.count(name, queue)}
            for span in spans
            for label, (name, _color) in OUTCOMES.items()
        ]
    )


def _quantiles(spans: Sequence[Span], queue: str, name: str) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "time": _time(span),
                "what": label,
                "seconds": span.tally.histogram(name, queue).quantile(fraction),
            }
            for span in spans
            for label, (fraction, _color) in QUANTILES.items()
        ]
    )


def _bars(frame: pd.DataFrame) -> alt.Chart:
    colors = {label: color for label, (_name, color) in OUTCOMES.items()}
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=_time_axis(),
            y=alt.Y(
                "count:Q",
                title=None,
                stack=True,
                axis=alt.Axis(tickMinStep=1, format="d", tickCount=4),
            ),
            color=_legend(colors),
            tooltip=[_time_tip(), alt.Tooltip("what:N", title=" "), alt.Tooltip("count:Q")],
        )
    )
    return chart


def _lines(frame: pd.DataFrame) -> alt.Chart:
    colors = {label: color for label, (_fraction, color) in QUANTILES.items()}
    axis = alt.Axis(labelExpr="datum.label + ' s'", tickCount=4)
    seconds = alt.Tooltip("seconds:Q", format=".3~f")
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(size=18))
        .encode(
            x=_time_axis(),
            y=alt.Y("seconds:Q", title=None, scale=alt.Scale(zero=True), axis=axis),
            color=_legend(colors),
            tooltip=[_time_tip(), alt.Tooltip("what:N", title=" "), seconds],
        )
    )
    return chart


def _time_axis() -> alt.X:
    return alt.X("time:T", title=None, axis=alt.Axis(format="%H:%M", labelOverlap=True))


def _time_tip() -> alt.Tooltip:
    return alt.Tooltip("time:T", title="from", format="%H:%M")


def _legend(colors: dict[str, str]) -> alt.Color:
    scale = alt.Scale(domain=list(colors), range=list(colors.values()))
    return alt.Color(
        "what:N", scale=scale, legend=alt.Legend(title=None, orient="top", offset=4, padding=0)
    )


def _show(chart: alt.Chart, key: str) -> None:
    st.altair_chart(chart, height=HEIGHT_PIXELS, key=f"chart_{key}")


def _time(span: Span) -> datetime:
    return datetime.fromtimestamp(span.start, UTC)
