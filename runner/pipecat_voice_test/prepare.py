"""Everything a call needs that takes time or can go wrong, made before the first call.

Clips are spoken, read and levelled here, so that a scenario that cannot be played says so
before anybody is phoned.
"""

from collections.abc import Sequence
from pathlib import Path

from pipecat_voice_test.audio.files import UnreadableAudio, read_recording
from pipecat_voice_test.audio.line import LineSound, line_sound
from pipecat_voice_test.errors import ScenarioError
from pipecat_voice_test.measurement.comparison.fingerprint import fingerprint
from pipecat_voice_test.one_call import Prepared
from pipecat_voice_test.scenario.model import DEFAULT_LEVEL_DBOV, Pause, Scenario, Turn
from pipecat_voice_test.voice.clips import Clip, make_clip
from pipecat_voice_test.voice.speaker import Speaker


def prepare(scenarios: Sequence[Scenario], *, seed: int, speaker: Speaker) -> list[Prepared]:
    """Make the clips and the line of every scenario.

    Raises:
        ScenarioError: A recording cannot be read or holds no speech.
        SpeechError: A text cannot be spoken on this machine.
    """
    texts = [
        part
        for scenario in scenarios
        for turn in scenario.turns
        if turn.speaks and turn.audio is None
        for part in turn.parts
        if isinstance(part, str)
    ]
    speaker.prepare(texts)
    return [_prepared(scenario, seed, speaker) for scenario in scenarios]


def _prepared(scenario: Scenario, seed: int, speaker: Speaker) -> Prepared:
    recordings = {
        turn.index: _read(turn.audio, f"{scenario.file}:{turn.line}")
        for turn in scenario.turns
        if turn.speaks and turn.audio is not None
    }
    noise = scenario.line.noise
    around = None if noise is None else _read(noise.audio, _line_where(scenario))
    return Prepared(
        scenario,
        {
            turn.index: _clip(scenario, turn, recordings.get(turn.index), speaker)
            for turn in scenario.turns
            if turn.speaks
        },
        _line(scenario, around, seed),
        fingerprint(
            scenario, recordings=recordings, noise=around, engine=speaker.engine_id, seed=seed
        ),
    )


def _clip(scenario: Scenario, turn: Turn, recording: bytes | None, speaker: Speaker) -> Clip:
    return make_clip(
        [part.pause_ms if isinstance(part, Pause) else part for part in turn.parts],
        recording,
        level_dbov=scenario.line.level_dbov,
        speaker=speaker,
        text=turn.text or "",
        where=f"{scenario.file}:{turn.line}",
        name=turn.audio.name if turn.audio is not None else "the recording",
    )


def _line_where(scenario: Scenario) -> str:
    return f"{scenario.file}:{scenario.line_number}"


def _line(scenario: Scenario, around: bytes | None, seed: int) -> LineSound:
    line = scenario.line
    if line.noise is None or around is None:
        return line_sound(seed, line.line_noise_dbov)
    level_dbov = DEFAULT_LEVEL_DBOV if line.level_dbov == "keep" else line.level_dbov
    try:
        recording = read_recording(around)
        return line_sound(
            seed,
            line.line_noise_dbov,
            noise=recording,
            snr_db=line.noise.snr_db,
            speech_level_dbov=level_dbov,
        )
    except (UnreadableAudio, ValueError) as error:
        name = line.noise.audio.name
        raise ScenarioError(
            f"{_line_where(scenario)}: the noise {name} cannot be used, because {error}",
            fix="give a recording of what is around the caller, of a second or more",
        ) from error


def _read(path: Path, where: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ScenarioError(
            f"{where}: {path.name} cannot be read: {error.strerror}",
            fix="check the file's permissions",
        ) from error
