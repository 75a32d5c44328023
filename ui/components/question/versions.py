"""The versions of a question in one row, with their states; and the button to compare them."""

from __future__ import annotations

import streamlit as st

from jobs.models import JobView
from jobs.questions.client import JobClient
from ui.components.common.looks import JOB_LOOKS
from ui.state import thread as thread_state


def show_versions(jobs: JobClient, user: str, job: JobView) -> None:
    """Show the versions of this question, if there is more than one; a click opens one."""
    versions = jobs.list_versions(user, job)
    if len(versions) < 2:
        return
    names = {
        version.id: f"{number} {JOB_LOOKS[version.state].icon}"
        for number, version in enumerate(versions, start=1)
    }
    thread_state.mark_version(job.thread, job.id)
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"thread_{job.thread}"
    ):
        st.caption("Versions", width="content")
        st.segmented_control(
            "Versions of this question",
            list(names),
            format_func=lambda job_id: names[job_id],
            required=True,
            key=thread_state.versions_key(job.thread),
            label_visibility="collapsed",
            wrap=True,
            on_change=thread_state.open_chosen_version,
            args=(job.thread,),
        )
        st.button(
            "Compare",
            icon=":material/compare_arrows:",
            key=f"compare_{job.thread}",
            type="tertiary",
            help="Show two versions side by side, with what differs",
            on_click=thread_state.compare,
            args=(job.id,),
        )
