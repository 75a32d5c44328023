"""The history of questions: the table, its filters, and the sidebar."""
