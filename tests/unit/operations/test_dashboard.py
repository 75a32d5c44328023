"""The names of rq-dashboard and RQ that the dashboard replaces.

Each is looked up in a process of its own: loading rq-dashboard changes RQ for the whole process.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

NAMES = {
    "rq.serializers": ["PickleSerializer"],
    "rq_dashboard.cli": ["make_flask_app"],
    "rq_dashboard.web": ["config.serializer", "from_url", "setup_rq_connection"],
}


@pytest.mark.parametrize("module", NAMES)
def test_rq_dashboard_has_the_names(module: str) -> None:
    """Assigning to a name that is gone would raise nothing, and change nothing."""
    lookups = "".join(f"; {module}.{name}" for name in NAMES[module])
    program = f"import {module}{lookups}"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
