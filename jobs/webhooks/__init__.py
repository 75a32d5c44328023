"""Webhooks: their outbox, delivery, and the guard against SSRF."""
