"""Is the bot's image there? Found, pulled or built."""
