"""What happens behind the queue: jobs, retrieval, answers and documents."""
