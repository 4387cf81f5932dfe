"""Whether the bot's audio arrives whole and rightly coded."""
