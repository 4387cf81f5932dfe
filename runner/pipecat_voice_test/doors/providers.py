"""The names of the providers, alone, because `--help` needs no more of them."""

REORDERING = ("telnyx",)  # On these messages may overtake each other (PROTOCOL 9.1).
PROVIDERS = ("twilio", "telnyx", "plivo", "exotel", "vonage", "frames")
