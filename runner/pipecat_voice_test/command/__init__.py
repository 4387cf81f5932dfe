"""What was asked for, and what do people see of it?"""
