"""What does this repository need to be tested?"""
