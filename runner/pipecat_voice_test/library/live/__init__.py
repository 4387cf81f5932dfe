"""A call that a program holds: what it says, and what it hears, while the line never goes quiet."""
