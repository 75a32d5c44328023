"""`python -m jobs.cli documents|failed|keys …`: the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

from jobs.cli import documents, failed, keys

COMMANDS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "documents": documents.main,
    "failed": failed.main,
    "keys": keys.main,
}


def main(arguments: Sequence[str]) -> int:
    """Run the command named by the first argument with the rest; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m jobs.cli", description="Documents, failed jobs and API keys from a shell."
    )
    parser.add_argument("command", choices=COMMANDS, help="see `COMMAND --help`")
    options = parser.parse_args(arguments[:1])
    return COMMANDS[options.command](arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
