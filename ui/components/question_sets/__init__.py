"""Parts of the Question sets page."""
