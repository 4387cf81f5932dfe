"""What two runs of a scenario must have in common to be compared: M-31.

The script's hash covers what the caller does and waits for, and nothing that only judges it:
a limit that was raised must not hide the regression it was raised for. The audio's hash covers
everything the caller's sound is made from (recordings byte by byte, texts and the engine that
speaks them, the line's noise and its seed), from which it follows bit for bit (DESIGN 2.6).
The samples themselves would not do: CPUs of one runner class differ in the last bits of what
a neural voice says.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Any

from pipecat_voice_test.scenario.model import Expectation, Line, Scenario, Turn

# Raised when the same recording or text, at the same settings, comes out as other samples.
RENDERING = 1

# What says where something stands, or judges it, and changes nothing that the caller does.
_NO_PART: Mapping[type, frozenset[str]] = {
    Scenario: frozenset(
        {"name", "file", "line_number", "tags", "limits", "line"}
        | {"skip_reason", "doubts", "source"}
    ),
    Turn: frozenset({"index", "line", "name", "text", "audio"}),
    Expectation: frozenset(
        {"index", "line", "within_ms", "lasts_at_least_ms", "lasts_at_most_ms", "skip_reason"}
    ),
}


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a scenario was, for comparisons.

    Attributes:
        script_sha256: Of what the caller does and waits for.
        audio_sha256: Of what the caller's sound is made from.
        line: The impairments, as in the scenario file; METRICS 6.
    """

    script_sha256: str
    audio_sha256: str
    line: Mapping[str, Any] = field(default_factory=dict)


def fingerprint(
    scenario: Scenario,
    *,
    recordings: Mapping[int, bytes],
    noise: bytes | None,
    engine: str,
    seed: int,
) -> Fingerprint:
    """Sum up a scenario whose sound is ready.

    Args:
        scenario: What is played.
        recordings: The sound files of its turns, whole, by index of the turn.
        noise: The sound file under the whole call, if there is one.
        engine: Id of the speech engine; it counts only if a text is spoken.
        seed: Of the run.
    """
    made_from: dict[str, Any] = {
        "rendering": RENDERING,
        "seed": seed,
        "noise": None if noise is None else hashlib.sha256(noise).hexdigest(),
        "turns": [_sound_of(turn, recordings, engine) for turn in scenario.turns if turn.speaks],
    }
    return Fingerprint(
        script_sha256=_sha256(_said_by(scenario)),
        audio_sha256=_sha256(made_from | {"line": line_settings(scenario.line)}),
        line=line_settings(scenario.line),
    )


def line_settings(line: Line) -> dict[str, Any]:
    """The impairments by their names in scenario files."""
    noise = line.noise
    settings = {
        "level_dbov": line.level_dbov,
        "line_noise_dbov": line.line_noise_dbov,
        "noise": noise and {"audio": noise.audio.name, "snr_db": noise.snr_db},
    }
    # Left out where it is off: older baselines know nothing of it.
    return settings | {"reorder": True} if line.reorder else settings


def _sound_of(turn: Turn, recordings: Mapping[int, bytes], engine: str) -> dict[str, Any]:
    if turn.index in recordings:
        return {"recording": hashlib.sha256(recordings[turn.index]).hexdigest()}
    return {"engine": engine, "parts": _said_by(turn.parts)}


def _said_by(thing: Any) -> Any:
    """As JSON, without what is as it is by default: a new key leaves old scenarios alone."""
    if is_dataclass(thing) and not isinstance(thing, type):
        passed_over = _NO_PART.get(type(thing), frozenset())
        if isinstance(thing, Expectation) and thing.absent:
            passed_over -= {"within_ms"}  # The caller stays quiet for that long.
        return {
            one.name: _said_by(value)
            for one in fields(thing)
            if one.name not in passed_over and (value := getattr(thing, one.name)) != _default(one)
        }
    if isinstance(thing, tuple | list):
        return [_said_by(one) for one in thing]
    if isinstance(thing, Mapping):
        return {str(key): _said_by(value) for key, value in thing.items()}
    # How a file breaks its lines makes no difference to what is said.
    return " ".join(thing.split()) if isinstance(thing, str) else thing


def _default(one: Any) -> Any:
    if one.default_factory is not MISSING:
        return one.default_factory()
    return one.default


def _sha256(thing: Any) -> str:
    text = json.dumps(thing, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
