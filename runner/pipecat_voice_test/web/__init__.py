"""HTTP/1.1 as a network speaks it to bots, and as bots speak it to a network."""
