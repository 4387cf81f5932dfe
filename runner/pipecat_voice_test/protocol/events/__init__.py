"""What bot and caller tell each other beside the audio: seen, kept, never judged by."""
