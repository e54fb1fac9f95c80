"""The kill test: processes of a running product are killed at random moments, and nothing may come of it."""
