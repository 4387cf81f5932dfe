"""What belongs to a run, and how does it go away whatever happens?"""
