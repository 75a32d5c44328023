"""The former name of `python -m jobs.cli documents`, kept until release 0.2."""

import sys

from jobs.cli.documents import main

if __name__ == "__main__":
    sys.exit(main())
