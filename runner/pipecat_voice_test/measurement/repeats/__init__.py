"""All calls of a scenario, and of a run, taken together: METRICS 4."""
