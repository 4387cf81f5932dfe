"""How does GitHub learn what was asked for, and how it came out?"""
