"""What `BOT_FAULT` breaks, so that a tester can be seen to find it.

None of this belongs into a bot that you build from this example: put `ScriptedBrain` where
bot.py and `TwilioFrameSerializer` where doors.py asks `faulty` to make one, and drop what asks
`FAULT` or `fault`.
"""

import os
import sys
import traceback
from dataclasses import dataclass

# Each fault, and the milliseconds it takes if `NAME=MS` gives none (None: it takes no number).
FAULTS: dict[str, int | None] = {
    "exits-at-once": None,
    "missing-credentials": None,
    "no-greeting": None,
    "never-answers": None,
    "late-answer": 3000,
    "cuts-in": None,
    "ignores-caller": None,
    "slow-yield": 2500,
    "no-clear": None,
    "stale": 500,
    "stops-midway": None,
    "breaks-up": 300,
    "foreign-stream-sid": None,
    "cut-goodbye": None,
    "answers-twice": None,
    "resumes-old-answer": None,
    "yields-to-anything": None,
    "streams-silence": None,
    "silent-after-cough": None,
    "deaf-to-short": None,
    "crosses-calls": None,
    "cuts-greeting": 800,
    "hangs-up-mid-sentence": 1700,
    "never-hangs-up": None,
    "keeps-socket": 8000,
}
BURST_MS = 3000
PIPECAT_CHUNK_MS = 40


@dataclass(frozen=True)
class Fault:
    """One row of `FAULTS`; the empty name is a healthy bot."""

    name: str = ""
    ms: int = 0

    @property
    def lets_caller_interrupt(self) -> bool:
        return self.name not in ("ignores-caller", "slow-yield", "streams-silence")

    @property
    def output_chunk_ms(self) -> int:
        """How much audio goes into one message.

        Pipecat paces its output, so that a missing `clear` or an early close would cost less
        than two chunks. Only large chunks make either audible.
        """
        return BURST_MS if self.name in ("no-clear", "cut-goodbye") else PIPECAT_CHUNK_MS

    @property
    def background(self) -> str:
        """What lies under the voice: one of `background.SOUNDS`, or nothing."""
        return "silence" if self.name == "streams-silence" else os.getenv("BACKGROUND", "")

    @property
    def hears(self) -> dict[str, float]:
        """How Pipecat's voice detector is set; its defaults hear 0.2 s of clear voice."""
        match self.name:
            case "yields-to-anything":
                return {"confidence": 0.05, "start_secs": 0.03, "min_volume": 0.1}
            case "deaf-to-short":
                return {"start_secs": 1.2}
            case _:
                return {}


def from_environment() -> Fault:
    """Read `BOT_FAULT`: empty, `NAME` or `NAME=MS`. An unknown name ends the process."""
    name, _, given_ms = os.getenv("BOT_FAULT", "").partition("=")
    if not name:
        return Fault()
    if name not in FAULTS or (given_ms and (FAULTS[name] is None or not given_ms.isdigit())):
        sys.exit(f"BOT_FAULT={os.environ['BOT_FAULT']} is unknown. Fix: one of {', '.join(FAULTS)}")
    if name == "missing-credentials":
        os.environ.pop("TWILIO_ACCOUNT_SID", None)
        os.environ.pop("TWILIO_AUTH_TOKEN", None)
    return Fault(name, int(given_ms or FAULTS[name] or 0))


def crash_if_asked(fault: Fault) -> None:
    """Leave a traceback and exit code 3, as a bot does whose configuration is broken."""
    if fault.name != "exits-at-once":
        return
    try:
        raise RuntimeError("BOT_FAULT=exits-at-once")
    except RuntimeError:
        traceback.print_exc()
        sys.exit(3)
