"""Everything the runner raises on purpose.

VoiceTestError
├── UsageError         the options do not fit together    exit 4
│   ├── NotConnected   there is no line to the bot
│   └── UnsupportedCapability   this adapter cannot do it
├── ScenarioError      a scenario file is wrong           exit 4
├── BaselineError      a baseline is not to be trusted   exit 4
├── ResultsError       nor is a run that was kept        exit 4
├── SpeechError        nobody here can speak this text    exit 4
├── NothingSelected    no scenario is left to run         exit 5
├── BotError           the bot could not be tested        exit 6
│   ├── BotNotReady    it never listened
│   ├── BotExited      its process or container ended
│   ├── BotGone        it left the call that a program holds
│   ├── ImageError     its image is not there, or cannot be built
│   └── EngineError    the container engine could not do it
└── RigError           this machine could not keep time   exit 7

A bot that answers late or talks over the caller is not an error: it is a failed check,
and it reaches the report as data.
"""

from collections.abc import Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    """What the command's exit code says; DESIGN 4."""

    PASSED = 0
    FAILED = 1
    INTERRUPTED = 2
    INTERNAL = 3
    USAGE = 4
    NOTHING_SELECTED = 5
    BOT_ERROR = 6
    INCONCLUSIVE = 7


class VoiceTestError(Exception):
    """What happened, what to do about it, and the evidence.

    Args:
        what: What happened, with names and numbers, as one sentence.
        fix: What to do, most likely cause first; lines may be broken with a newline.
        evidence: What was seen, for example the last lines a bot printed. Not shortened here.
    """

    exit_code = ExitCode.INTERNAL
    kind = "internal_error"

    def __init__(self, what: str, *, fix: str, evidence: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.evidence = evidence

    def __str__(self) -> str:
        lines = [self.what, *_hanging("Fix: ", self.fix)]
        if self.evidence:
            lines += [f"  {line}" for line in self.evidence.splitlines()]
        return "\n".join(lines)


def _hanging(label: str, text: str) -> list[str]:
    first, *rest = text.splitlines()
    return [f"  {label}{first}", *(" " * (2 + len(label)) + line.strip() for line in rest)]


class UsageError(VoiceTestError):
    """The options do not fit together, or name something that is not there."""

    exit_code = ExitCode.USAGE
    kind = "usage"


class NotConnected(UsageError, RuntimeError):
    """A program speaks or listens without a line to the bot."""

    kind = "not_connected"


class UnsupportedCapability(UsageError, RuntimeError):
    """A program asks an adapter for what its line cannot do."""

    kind = "unsupported"


class ScenarioError(VoiceTestError):
    """A scenario file is wrong; `what` begins with `file:line:`."""

    exit_code = ExitCode.USAGE
    kind = "scenario"


class BaselineError(VoiceTestError):
    """A baseline, or what is to be compared with it, cannot be read or trusted."""

    exit_code = ExitCode.USAGE
    kind = "baseline"


class ResultsError(VoiceTestError):
    """The results.json of a run, of which reports are to be made, cannot be read or trusted."""

    exit_code = ExitCode.USAGE
    kind = "results"


class SpeechError(VoiceTestError):
    """A `user:` text cannot be spoken on this machine."""

    exit_code = ExitCode.USAGE
    kind = "speech"


class NothingSelected(VoiceTestError):
    """The files were read, but no scenario is left to run."""

    exit_code = ExitCode.NOTHING_SELECTED
    kind = "nothing_selected"


class BotError(VoiceTestError):
    """The bot could not be tested, so nothing was judged.

    Attributes:
        noticed: What happened before, oldest first: `Event`s for the records of the call.
    """

    exit_code = ExitCode.BOT_ERROR
    kind = "bot_error"
    noticed: Sequence[object] = ()


class BotNotReady(BotError):
    """It never listened."""

    kind = "bot_not_ready"


class BotExited(BotError):
    """Its process or container ended."""

    kind = "bot_exited"


class BotGone(BotError):
    """It left the call that a program holds, so nothing more will be heard."""

    kind = "bot_gone"


class ImageError(BotError):
    """Its image is not there, cannot be pulled or cannot be built."""

    kind = "image"


class EngineError(BotError):
    """The container engine is not there, may not be used, or refused."""

    kind = "engine"


class RigError(VoiceTestError):
    """This machine could not keep time."""

    exit_code = ExitCode.INCONCLUSIVE
    kind = "rig"
