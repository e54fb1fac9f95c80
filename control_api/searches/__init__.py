"""Searches of people and schools: as parameters, as filters, and kept under a name."""
