"""Programs that measure; each prints a table. Figures are of one machine, ratios of one run."""
