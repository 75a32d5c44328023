"""A cited passage in its document: on a picture of the PDF page, or in its surrounding text."""

from __future__ import annotations

from base64 import b64encode

import streamlit as st

from jobs.citation_format import how_read, place_of
from jobs.documents.client import DocumentClient
from jobs.documents.page_images import PageImage, PageImages, has_pictures
from jobs.errors import AskqueueError
from jobs.extraction.file_types import PNG_SIGNATURE
from jobs.models import Answer, Citation, Document, JobView
from jobs.questions.client import JobClient
from ui.components.common.actions import ask_again
from ui.components.common.download_link import show_download_link
from ui.components.common.text import one_line, plain
from ui.components.question.citations import in_order
from ui.state import question as question_state
from ui.state import source as source_state

# If less than this share of a passage was marked on its only page, say so.
WHOLE_SHARE = 0.8
NAME_CHARS = 24
PAGE_PIXELS = 720
WORDS_PIXELS = 370


def show_evidence(jobs: JobClient, pictures: PageImages, user: str) -> None:
    """Show the source that is open, if it belongs to the question that is shown.

    Where the documents don't say, it is one of the nearest passages.
    """
    opened = source_state.opened.get()
    if opened is None:
        return
    job_id = opened[0]
    try:
        answer = question_state.kept_answer(job_id) or jobs.get_answer(user, job_id)
    except AskqueueError:
        return  # the page itself shows an outage, or that the question is gone
    if answer is None or not any(item.number == opened[1] for item in answer.sources):
        source_state.close_source()
        return

    @st.dialog(
        "Source" if answer.citations else "Nearest passage",
        icon=":material/find_in_page:",
        width="large",
        on_dismiss=source_state.close_source,
    )
    def show() -> None:
        number = (source_state.opened.get() or opened)[1]
        citations = in_order(answer.sources)
        position = next(at for at, item in enumerate(citations) if item.number == number)
        _show_source(pictures, user, job_id, citations, position)

    show()


def _show_source(
    pictures: PageImages, user: str, job_id: str, citations: list[Citation], position: int
) -> None:
    citation = citations[position]
    with st.container(horizontal=True, vertical_alignment="center", key="source_heading"):
        heading = f"**{plain(citation.document_name)}**"
        place = plain(place_of(citation))
        st.markdown(f":blue-badge[{citation.number}] {heading}", width="content")
        if place:
            st.caption(place, width="content")
        st.space("stretch")
        _show_steps(job_id, citations, position)
    _show_list(job_id, citations, citation.number)
    is_kept = pictures.has_original(citation.document_id, citation.document_name)
    if is_kept and has_pictures(citation.document_name) and citation.page is not None:
        # Side by side where there is room, else the words below the page.
        with st.container(horizontal=True, gap="medium"):
            with st.container(width=PAGE_PIXELS):
                _show_page(pictures, user, citation, citation.page)
            with st.container(width=WORDS_PIXELS):
                _show_passage(citation, in_context=False)
                _show_facts(job_id, citation, is_kept=is_kept)
    else:
        _show_passage(citation, in_context=True)
        _show_facts(job_id, citation, is_kept=is_kept)


def _show_list(job_id: str, citations: list[Citation], number: int) -> None:
    """Show all sources in a row, with the open one marked; a click turns to another."""
    if len(citations) == 1:
        return
    labels = {
        each.number: f"{each.number} · {plain(one_line(each.document_name, NAME_CHARS))}"
        for each in citations
    }
    st.segmented_control(
        "Source",
        list(labels),
        required=True,
        format_func=lambda each: labels[each],
        key=source_state.mark_source(number),
        label_visibility="collapsed",
        on_change=source_state.turn_to_marked_source,
        args=(job_id,),
    )


def _show_steps(job_id: str, citations: list[Citation], position: int) -> None:
    if len(citations) == 1:
        return
    st.caption(f"{position + 1} of {len(citations)}", width="content")
    steps = (
        ("Previous", ":material/chevron_left:", "Left", position - 1),
        ("Next", ":material/chevron_right:", "Right", position + 1),
    )
    for label, icon, shortcut, other in steps:
        is_there = 0 <= other < len(citations)
        st.button(
            label,
            icon=icon,
            key=f"source_{label.lower()}",
            disabled=not is_there,
            shortcut=shortcut,
            on_click=source_state.turn_to_source,
            args=(job_id, citations[other].number if is_there else 0),
        )


def _show_passage(citation: Citation, *, in_context: bool) -> None:
    """Show the passage, perhaps with the text before and after it."""
    with st.container(key="source_passage"):
        if citation.section:
            st.caption(f":material/segment: {plain(citation.section)}")
        if read := how_read(citation):
            st.caption(f":material/document_scanner: {read[0].upper()}{read[1:]}")
        if in_context and citation.before:
            st.caption(plain(citation.before))
        st.markdown(_marked(citation.text))
        if in_context and citation.after:
            st.caption(plain(citation.after))


def _marked(text: str) -> str:
    """Return a passage as Markdown that marks each of its lines."""
    lines = (line.strip() for line in text.split("\n"))
    return "  \n".join(f":yellow-background[{plain(line)}]" for line in lines if line)


def _show_facts(job_id: str, citation: Citation, *, is_kept: bool) -> None:
    """Offer the original, if it is still there."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if is_kept:
            show_download_link(
                "Download the original",
                f"/jobs/{job_id}/sources/{citation.number}/original",
                icon=":material/download:",
                key="source_download",
            )
        else:
            st.caption(
                ":material/hide_source: The original is no longer there. "
                "This passage was kept with the answer."
            )
        st.caption(f"Retrieval score {citation.score:.3g}", width="content")


def _show_page(pictures: PageImages, user: str, citation: Citation, first: int) -> None:
    numbers = list(range(first, (citation.last_page or first) + 1))
    number = numbers[0]
    if len(numbers) > 1:
        number = (
            st.segmented_control(
                "Page",
                numbers,
                default=first,
                required=True,
                format_func=lambda page: f"Page {page}",
                key=f"source_page_{citation.passage_id}",
                label_visibility="collapsed",
            )
            or first
        )
    try:
        with st.spinner("Drawing the page…"):
            picture = pictures.draw(
                citation.document_id, citation.document_name, number, citation.text, user=user
            )
    except AskqueueError as error:
        st.info(plain(error.message), icon=":material/hide_image:")
        return
    _show_picture(picture, citation, number, is_only=len(numbers) == 1)


def _show_picture(picture: PageImage, citation: Citation, number: int, *, is_only: bool) -> None:
    if citation.ocr_confidence is not None and not picture.share:
        st.caption(":material/info: The page is a picture: its words cannot be marked.")
    elif not picture.share:
        st.caption(":material/info: The passage could not be found on this page.")
    elif is_only and picture.share < WHOLE_SHARE:
        st.caption(":material/info: Only part of the passage could be found on this page.")
    with st.container(border=True):  # a white page has no visible edge on a light theme
        st.image(
            _address(picture.data),
            width="stretch",
            alt=f"Page {number} of {citation.document_name}",
        )
    st.caption(f"Page {number} of {picture.pages}")


def _address(data: bytes) -> str:
    """Return a PNG or JPEG as a data URL: it is for this page, and at no address of the server."""
    kind = "png" if data.startswith(PNG_SIGNATURE) else "jpeg"
    return f"data:image/{kind};base64,{b64encode(data).decode()}"


# Whether the sources are still what they were


def show_changes(
    jobs: JobClient, documents: DocumentClient, user: str, job: JobView, answer: Answer
) -> None:
    """Say which cited documents changed since the answer; a click asks again."""
    names = {item.document_id: item.document_name for item in answer.citations}
    if not names:
        return
    there = {document.id: document for document in documents.find(list(names), user)}
    changes = changes_since(names, there, job.started_at or job.asked_at)
    if not changes:
        return
    with st.container(border=True, key=f"changed_{job.id}"):
        st.markdown(
            f":material/update: **The sources have changed since this answer.** {' '.join(changes)}"
        )
        st.button(
            "Ask again",
            icon=":material/replay:",
            key=f"ask_again_{job.id}",
            help="Ask the same question of the documents as they are now",
            on_click=ask_again,
            args=(jobs, documents, user, job),
        )


def changes_since(names: dict[str, str], there: dict[str, Document], since: float) -> list[str]:
    """Return a sentence for each document, by id, that was deleted or indexed again since then."""
    sentences = []
    for document_id, name in names.items():
        document = there.get(document_id)
        if document is None:
            sentences.append(f"“{plain(name)}” was deleted.")
        elif document.indexed_at > since:
            sentences.append(f"“{plain(name)}” was indexed again.")
    return sentences
