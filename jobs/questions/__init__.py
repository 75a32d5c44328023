"""Questions as people see them: client, lifecycle, history, live events, estimates."""
