"""Webhooks, against a receiver on loopback."""
