"""Parts of the API keys page."""
