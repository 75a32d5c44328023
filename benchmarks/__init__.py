"""What Askqueue costs. Figures go to standard output, so the product's own lines stay away."""

from jobs.logs import configure_logging
from jobs.settings import Settings

configure_logging(Settings(_env_file=None, log_level="WARNING"))
