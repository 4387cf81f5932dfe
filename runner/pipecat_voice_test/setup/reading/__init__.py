"""What a file of a bot's repository says about how the bot is started."""
