"""How did the bot do?"""
