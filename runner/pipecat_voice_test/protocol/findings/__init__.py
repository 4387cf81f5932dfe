"""What each network holds against a bot's messages, in words an author can look up."""
