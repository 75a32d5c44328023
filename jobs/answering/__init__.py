"""From a question to a checked, cited answer: retrieve, generate, check."""
