"""Private names of Streamlit that we replace: what, why, until which version."""
