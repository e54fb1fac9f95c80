"""What waits for a person: candidates for schools' websites, and links to the official directory."""
