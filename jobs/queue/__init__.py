"""Valkey and RQ: connections, keys, transitions, retries."""
