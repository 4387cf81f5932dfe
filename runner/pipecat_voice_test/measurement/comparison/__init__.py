"""Is the bot worse than it was? METRICS 5."""
