"""The suppression list: who is not to be stored, found, exported."""
