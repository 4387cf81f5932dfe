"""What a program is told when its line is no longer there, or silent."""

from pipecat_voice_test.call.socket import Closed
from pipecat_voice_test.errors import BotGone, NotConnected
from pipecat_voice_test.protocol.untrusted import printable

_VANISHED = 1006
_REASON_CHARACTERS = 125


def bot_gone(closed: Closed | None, at_ms: float) -> BotGone:
    """The bot has left the call; `closed` is None if it was there, but did not read."""
    at = f"{at_ms / 1000:.1f} s into the call"
    if closed is None:
        return BotGone(
            f"The bot has not read the caller's audio for 10 s, so the line was closed {at}.",
            fix="look for what blocks the bot's event loop.",
        )
    if closed.code == _VANISHED:
        return BotGone(
            f"The bot's side of the line vanished {at}, without a close frame (1006).",
            fix="look into the bot's log: a Python server shows this after a crash of its handler,"
            "\nand also if the handler merely returned.",
        )
    reason = printable(closed.reason)[:_REASON_CHARACTERS]
    said = f' and said "{reason}"' if reason else ""
    return BotGone(
        f"The bot hung up {at}: it closed the line with code {closed.code}{said}.",
        fix="if it should have stayed, look into its log; else catch `BotGone`.",
    )


def not_connected() -> NotConnected:
    """Somebody speaks or listens before there is a line."""
    return NotConnected(
        "There is no line to the bot.",
        fix="`await adapter.connect()` first, or use `async with adapter:`.",
    )


def heard_nothing(timeout_s: float | None) -> TimeoutError:
    """The bot was silent for so long."""
    return TimeoutError(f"nothing was heard from the bot for {timeout_s or 0:g} s")
