"""A phone bot to call: healthy by default, broken on request, exact in its timing.

Uses nothing of ours, so that it stands for somebody else's bot: only the standard library
and `websockets`.
"""
