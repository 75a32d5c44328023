"""The former name of `python -m jobs.cli failed`, kept until release 0.2."""

import sys

from jobs.cli.failed import main

if __name__ == "__main__":
    sys.exit(main())
