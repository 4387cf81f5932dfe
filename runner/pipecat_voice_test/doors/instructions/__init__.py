"""What a bot has the network do with a call, outside the stream (PROTOCOL 8)."""
