"""The documentation, and the script that generates its list of settings."""
