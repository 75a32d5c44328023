"""What Askqueue costs. Figures go to standard output, so the product's own lines stay away."""

import os

from jobs.logs import configure_logging
from jobs.settings import Settings

os.environ["QUESTIONS_PER_MINUTE"] = "0"  # a benchmark asks faster than a person
configure_logging(Settings(_env_file=None, log_level="WARNING"))
