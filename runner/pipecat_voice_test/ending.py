"""The ways in which a call ends. `timeline.py` has them too, where all else of a call is found."""

from enum import StrEnum


class EndedBy(StrEnum):
    """Who ended the call; PROTOCOL 5."""

    CALLER = "caller"
    BOT = "bot"
    BOT_ABNORMAL = "bot_abnormal"
    TIMEOUT = "timeout"


class EndedHow(StrEnum):
    """By what a call, or the bot's stream in it, ended."""

    SCRIPT = "script"  # The caller had said everything.
    SOCKET = "socket"  # The bot closed its socket, or lost it.
    CALL_API = "call_api"  # The bot asked the network to end the call; PROTOCOL 6.
    NEW_INSTRUCTIONS = "new_instructions"  # The bot gave the network others; P-50.
    NOT_READING = "not_reading"  # The bot left the line to choke; P-25.
    TIME_LIMIT = "time_limit"
    INTERRUPTED = "interrupted"  # The run was.


OVER_API = (EndedHow.CALL_API, EndedHow.NEW_INSTRUCTIONS)
