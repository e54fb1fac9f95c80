"""Webhooks by the rules of Standard Webhooks: signed messages about jobs, to addresses that an organization names."""
