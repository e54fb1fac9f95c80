"""Lists that name schools otherwise than the official directory does, and which school each row is."""
