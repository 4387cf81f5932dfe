"""Where is the bot put, and where is it called?"""
