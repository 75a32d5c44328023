"""Private names of Streamlit that we replace or use, one file for each reason.

Each says what it touches, why, and until when. All of it was checked with Streamlit 1.67.0;
tests/unit/ui/streamlit_patches fails when an upgrade removes one of the names.
"""
