"""The stories of jobs as streams of events."""
