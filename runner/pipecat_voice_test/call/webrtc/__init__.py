"""A call over WebRTC: an offer and an answer, then RTP for the voices and a data channel."""
