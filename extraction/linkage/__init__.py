"""Record linkage: rows of a list → schools of the official directory (NCES ids), by printed ids, names and places."""
