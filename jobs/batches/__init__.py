"""Many questions from one file."""
