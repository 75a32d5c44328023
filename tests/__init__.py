"""Tests ask faster than a person: those of the limit set their own."""

import os

os.environ["QUESTIONS_PER_MINUTE"] = "0"
