"""Who may do what: API keys, operators, and the configuration of sign-in."""
