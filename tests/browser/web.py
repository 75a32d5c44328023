"""`streamlit`, with a time to undo that a test cannot miss on a busy machine."""

from streamlit.web.cli import main

from tests.waiting import HANG_SECONDS
from ui.state import history

history.UNDO_SECONDS = HANG_SECONDS
main()
