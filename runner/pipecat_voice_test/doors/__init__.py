"""The ways a caller can come in: what is opened, in which order, before a call can be held."""
