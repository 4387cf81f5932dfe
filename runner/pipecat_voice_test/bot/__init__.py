"""Is the bot up? Start it, wait until it listens, say what is wrong if not, always stop it."""
