"""Sets of questions with what their answers should stand on, and how runs of them compare."""
