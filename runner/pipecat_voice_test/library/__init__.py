"""What a program calls a bot with: scenarios from its own tests, or a line to speak on itself."""
