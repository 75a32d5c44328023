"""The worker process: threads, attempts, recovery, maintenance."""
