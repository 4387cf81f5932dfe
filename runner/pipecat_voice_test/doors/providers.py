"""The names of the providers, alone, because `--help` needs no more of them."""

PROVIDERS = ("twilio", "telnyx", "plivo", "exotel", "vonage", "frames")
