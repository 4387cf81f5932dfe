"""Who speaks the caller's words?"""
