"""What `make run` starts on one machine."""
