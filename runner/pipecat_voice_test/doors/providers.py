"""The names of the providers, alone, because `--help` needs no more of them."""

PROVIDERS = ("twilio", "telnyx", "plivo", "exotel", "vonage", "frames")
WITHOUT_KEYS = ("frames",)  # Where no message tells a bot which key was pressed (PROTOCOL 9.6).
