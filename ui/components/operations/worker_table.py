"""The worker processes that are alive, and the jobs that they run."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from jobs.models import WorkerReport
from jobs.operations.client import RunningJob
from ui.components.common.looks import STAGES
from ui.components.common.table_height import ROW_PIXELS, table_height
from ui.components.common.text import whole_seconds

MAX_ROWS = 10


def show_workers(workers: Sequence[WorkerReport]) -> None:
    """Show a row for each process: how busy it is, what it serves, with which model."""
    _show(
        pd.DataFrame(
            {
                "Worker": [worker.name for worker in workers],
                "Busy": [f"{worker.running} of {worker.threads}" for worker in workers],
                "Queues": [", ".join(worker.queues) for worker in workers],
                "Model": [worker.chat_model or "quotes only" for worker in workers],
                "Problems": [_problems(worker) for worker in workers],
            }
        ),
        "workers",
        "Live worker processes",
    )


def show_running(running: Sequence[RunningJob]) -> None:
    """Show a row for each running job, the longest first."""
    if not running:
        st.caption("Nothing is running.")
        return
    _show(
        pd.DataFrame(
            {
                "What": [job.description for job in running],
                "Queue": [job.queue for job in running],
                "Stage": [STAGES[job.stage] for job in running],
                "Attempt": [job.attempt for job in running],
                "Running for": [whole_seconds(job.seconds) for job in running],
                "Worker": [job.worker for job in running],
                "Job": [job.job_id for job in running],
            }
        ),
        "running",
        "Running jobs, longest first",
    )


def _show(frame: pd.DataFrame, key: str, alt: str) -> None:
    st.dataframe(
        frame,
        key=f"{key}_table",
        height=table_height(len(frame), MAX_ROWS),
        row_height=ROW_PIXELS,
        hide_index=True,
        placeholder="",
        alt=alt,
    )


def _problems(worker: WorkerReport) -> str:
    return worker.problem.message if worker.problem else " ".join(worker.notes)
