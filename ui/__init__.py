"""What faces people: pages, components and the HTTP API."""
