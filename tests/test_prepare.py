"""What is made ready before a call carries what a comparison asks for: M-31."""

from pathlib import Path

from pipecat_voice_test.measurement.comparison.fingerprint import Fingerprint
from pipecat_voice_test.prepare import prepare
from pipecat_voice_test.voice.cache import SpeechCache
from pipecat_voice_test.voice.speaker import Speaker
from voice.fakes import FakeEngine

from bench.rig import scenario

SPOKEN = "name: Spoken\nturns:\n  - user: Hello there.\n    expect: [{event: response}]\n"
RECORDED = "name: Recorded\nturns:\n  - audio: audio/no.wav\n    expect: [{event: response}]\n"
NOISY = RECORDED + "line: {noise: {audio: audio/one_moment_please.wav, snr_db: 15}}\n"


def made_ready(text: str, folder: Path, *, engine: FakeEngine | None = None) -> Fingerprint:
    speaker = Speaker(engine, SpeechCache(None))
    (prepared,) = prepare([scenario(text, folder)], seed=0, speaker=speaker)
    assert prepared.fingerprint is not None
    return prepared.fingerprint


def test_another_engine_is_other_audio_for_a_text(tmp_path: Path) -> None:
    other = FakeEngine()
    other.id = "fake 2.0 beep"

    before = made_ready(SPOKEN, tmp_path, engine=FakeEngine())
    after = made_ready(SPOKEN, tmp_path, engine=other)

    assert before.audio_sha256 != after.audio_sha256
    assert before.script_sha256 == after.script_sha256


def test_a_recording_needs_no_engine_and_is_known_by_its_bytes(tmp_path: Path) -> None:
    before = made_ready(RECORDED, tmp_path)
    again = made_ready(RECORDED, tmp_path / "elsewhere", engine=FakeEngine())
    other = made_ready(RECORDED.replace("no.wav", "one_moment_please.wav"), tmp_path)

    assert again == before
    assert other.audio_sha256 != before.audio_sha256
    assert other.script_sha256 == before.script_sha256


def test_noise_under_the_call_is_an_impairment_and_part_of_the_audio(tmp_path: Path) -> None:
    before, after = made_ready(RECORDED, tmp_path), made_ready(NOISY, tmp_path)

    assert after.line["noise"] == {"audio": "one_moment_please.wav", "snr_db": 15}
    assert after.audio_sha256 != before.audio_sha256
