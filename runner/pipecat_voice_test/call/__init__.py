"""How does the call play out in real time?"""
