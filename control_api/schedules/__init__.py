"""Schedules: jobs that are made again and again by a cron line."""
