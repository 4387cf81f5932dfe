"""Silence and sound: METRICS 3.5."""
