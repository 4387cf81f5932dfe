"""The call API of a provider, played for the length of a run: a bot may hang up over HTTP."""
