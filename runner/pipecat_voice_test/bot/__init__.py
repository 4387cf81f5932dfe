"""Is the bot up?"""
