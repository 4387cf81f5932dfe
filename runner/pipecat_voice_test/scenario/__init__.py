"""What does the caller do next?"""
