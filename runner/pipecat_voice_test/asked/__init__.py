"""What was asked for, and which bot is that?"""
