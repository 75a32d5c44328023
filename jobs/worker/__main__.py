"""`python -m jobs.worker`: run one worker process."""

import sys

from jobs.worker.process import main

sys.exit(main(sys.argv[1:]))
