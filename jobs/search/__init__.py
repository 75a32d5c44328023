"""The index of passages in Qdrant, and what fills it."""
