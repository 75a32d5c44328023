"""What operators see and do: queues, metrics, failed jobs, rq-dashboard."""
