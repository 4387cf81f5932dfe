"""Phones a Pipecat bot in real time and measures what the caller would have heard."""

__version__ = "0.1.0"
