"""What network and bot ask of each other over HTTP, outside the stream (PROTOCOL 6 to 8)."""
