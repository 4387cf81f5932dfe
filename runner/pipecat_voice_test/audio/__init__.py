"""What is in these samples?"""
