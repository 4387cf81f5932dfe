"""The brain and the serializer of a bot with a fault; without one, the ordinary ones."""

from collections.abc import Callable

import faulty_brains as brains
import faulty_lines as lines
from brain import ScriptedBrain
from faults import Fault
from pipecat.serializers.twilio import TwilioFrameSerializer

BRAINS: dict[str, Callable[[Fault], ScriptedBrain]] = {
    "never-answers": lambda _: brains.SilentBrain(),
    "late-answer": lambda fault: brains.LateBrain(fault.ms),
    "slow-yield": lambda fault: brains.SlowYieldBrain(fault.ms),
    "stale": lambda fault: brains.StaleAudioBrain(fault.ms),
    "stops-midway": lambda _: brains.StallingBrain(),
    "cut-goodbye": lambda _: brains.HastyBrain(),
    "answers-twice": lambda _: brains.TwiceBrain(),
    "resumes-old-answer": lambda _: brains.ResumingBrain(),
    "silent-after-cough": lambda _: brains.OffendedBrain(),
    "crosses-calls": lambda _: brains.CrossedBrain(),
    "hangs-up-mid-sentence": lambda fault: brains.AbruptBrain(fault.ms / 1000),
    "never-hangs-up": lambda _: brains.StayingBrain(),
}


def prepare_server(fault: Fault) -> None:
    if fault.name == "keeps-socket":
        lines.keep_socket(fault.ms)


def make_brain(fault: Fault) -> ScriptedBrain:
    make = BRAINS.get(fault.name)
    return make(fault) if make else ScriptedBrain()


def make_serializer(fault: Fault, **kwargs) -> TwilioFrameSerializer:
    match fault.name:
        case "no-clear" | "streams-silence":
            return lines.NoClearSerializer(**kwargs)
        case "breaks-up":
            return lines.BreakingUpSerializer(fault.ms, **kwargs)
        case "foreign-stream-sid":
            return lines.ForeignStreamSerializer(**kwargs)
        case "cuts-greeting":
            return lines.ClippingSerializer(fault.ms, **kwargs)
        case _:
            return TwilioFrameSerializer(**kwargs)
