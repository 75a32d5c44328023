"""The former name of `python -m jobs.cli keys`, kept until release 0.2."""

import sys

from jobs.cli.keys import main

if __name__ == "__main__":
    sys.exit(main())
