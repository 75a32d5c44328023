"""The pages. Streamlit runs each as a script; nothing imports them."""
