"""The table of events: what a person needs of each line of events.jsonl, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipecat_voice_test.report.view.evidence import AUDIO, LEFT_OUT
from pipecat_voice_test.report.view.model import Evidence, Happened
from pipecat_voice_test.report.view.words import NAME_CHARACTERS, counted, length, shown
from pipecat_voice_test.timeline import SAMPLES_PER_MS

BOT, CALLER, NETWORK = "bot", "caller", "network"

# What is said elsewhere in the row, or to machines only.
_UNTOLD = frozenset(
    {
        "t",
        "until",
        "dir",
        "event",
        "count",
        "size_bytes",
        "sequence",
        "payload_sha256",
        "speech_ms",
        "starts_ms",
    }
)
_CALLERS_OWN = frozenset({AUDIO, "dtmf"})
_MOST_FIELDS = 20

Line = Mapping[str, Any]


def happened_of(evidence: Evidence) -> tuple[Happened, ...]:
    """One row for each line, and for each run of audio messages."""
    return tuple(
        Happened(
            float(line["t"]), _who(line), shown(str(line["event"]), NAME_CHARACTERS), _detail(line)
        )
        for line in evidence.events
    )


def _who(line: Line) -> str:
    match line.get("dir"):
        case "in":
            return BOT
        case "caller":
            return CALLER
        case "out" if line["event"] in _CALLERS_OWN:
            return CALLER
        case _:
            return NETWORK


def _detail(line: Line) -> str:
    if line["event"] == AUDIO and "until" in line:
        audio_ms = line["payload_bytes"] / SAMPLES_PER_MS
        return f"{counted(line['count'], 'media message')}, {length(audio_ms)} of audio"
    if line["event"] == LEFT_OUT:
        return f"{counted(line['count'], 'event')} more"
    return shown(", ".join(_told(line)))


def _told(line: Line) -> Iterator[str]:
    fields = [(key, value) for key, value in line.items() if key not in _UNTOLD]
    for key, value in fields[:_MOST_FIELDS]:
        if not isinstance(value, str | int | float) or value == "":
            continue
        match key:
            case "turn" if isinstance(value, int):
                yield f"turn {value + 1}"
            case "name" | "detail" | "text" | "message" | "digit":
                yield str(value)
            case _ if key.endswith("_ms") and isinstance(value, int | float):
                yield f"{key.removesuffix('_ms').replace('_', ' ')} {value:.0f} ms"
            case _:
                yield f"{key.replace('_', ' ')} {value}"
