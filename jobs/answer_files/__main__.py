"""Writes the file of one answer, in a child process: see `jobs.answer_files.apart`.

`python -m jobs.answer_files FORMAT MEMORY_MB SECONDS` reads job and answer, pickled, from its
standard input, and prints the file and one newline.
"""

from __future__ import annotations

import pickle
import sys

from jobs.answer_files.formats import WRITERS, AnswerFormat
from jobs.extraction.confinement import confine
from jobs.extraction.resource_limits import limit_resources


def main(arguments: list[str]) -> int:
    """Write one file within limits."""
    name, memory_mb, seconds = arguments
    limit_resources(int(memory_mb), int(seconds))
    confine()
    view, answer = pickle.load(sys.stdin.buffer)  # noqa: S301 (what our own parent has sent)
    data = WRITERS[AnswerFormat(name)].write(view, answer)
    sys.stdout.buffer.write(data.encode() if isinstance(data, str) else data)
    sys.stdout.buffer.write(b"\n")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
