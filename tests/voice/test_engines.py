"""Whichever engine is installed speaks, the same way each time, or says why not."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from pipecat_voice_test.audio.files import resampled, wav_bytes
from pipecat_voice_test.audio.level import at_active_level
from pipecat_voice_test.audio.speech import clip_spans
from pipecat_voice_test.errors import SpeechError
from pipecat_voice_test.voice import engines
from pipecat_voice_test.voice.engines import (
    EspeakNg,
    Flite,
    Hibari,
    SpeechEngine,
    decoded_wav,
    find_engine,
)

QUESTION = "What are your opening hours?"


@pytest.fixture(params=[Hibari, Flite, EspeakNg])
def engine(request: pytest.FixtureRequest) -> SpeechEngine:
    found: SpeechEngine | None = request.param.find()
    if found is None:
        pytest.skip(f"{request.param.__name__} is not installed here")
    return found


def test_a_sentence_lasts_as_long_as_a_person_takes_for_it(engine: SpeechEngine) -> None:
    (spoken,) = engine.speak([QUESTION])

    spans = clip_spans(at_active_level(resampled(spoken.pcm, spoken.rate_hz), -26))
    assert 1000 * 8 < spans[-1][1] - spans[0][0] < 3000 * 8


def test_the_same_text_is_said_in_the_same_way(engine: SpeechEngine) -> None:
    (alone,) = engine.speak([QUESTION])
    _, second = engine.speak(["Hello.", QUESTION])

    assert np.array_equal(alone.pcm, second.pcm)
    assert alone.rate_hz == second.rate_hz


def test_a_text_is_never_an_option_and_any_text_is_taken(engine: SpeechEngine) -> None:
    texts = ["--help", "-o nowhere", "$(date)", "Señor Müller", "\ud800", "…"]

    spoken = engine.speak(texts)

    assert len(spoken) == len(texts)
    assert all(len(each.pcm) < 5 * each.rate_hz for each in spoken)


def program(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("script", "ids"),
    [
        pytest.param(
            'echo "Voices available: kal rms slt  version: flite-2.2-current Sep 2018"',
            ["flite 2.2-current rms"],
            id="with-the-voice-rms",
        ),
        pytest.param('echo "Voices available: kal"', [], id="without-the-voice-rms"),
        pytest.param("exit 1", [], id="broken"),
    ],
)
def test_flite_counts_if_it_has_the_right_voice(
    script: str, ids: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "flite", script)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    found = Flite.find()

    assert [engine.id for engine in [found] if engine is not None] == ids


@pytest.mark.parametrize(
    ("programs", "found"),
    [
        pytest.param(["flite", "espeak-ng"], Flite, id="flite-before-espeak-ng"),
        pytest.param(["espeak-ng"], EspeakNg, id="espeak-ng-if-need-be"),
        pytest.param([], type(None), id="nobody"),
    ],
)
def test_without_the_extra_the_best_program_is_found(
    programs: list[str], found: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in programs:
        program(tmp_path, name, 'echo "flite-2.2 voices: kal rms slt eSpeak NG 1.51"')
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    assert type(find_engine()) is found


def test_the_extra_comes_before_every_program() -> None:
    if Hibari.find() is None:
        pytest.skip("hibari-tts is not installed here")

    assert type(find_engine()) is Hibari


@pytest.mark.parametrize(
    ("script", "evidence"),
    [
        pytest.param(
            "echo no such voice >&2; exit 3",
            "it ended with exit code 3\n  no such voice",
            id="an-exit-code",
        ),
        pytest.param("exit 0", "it ended well but wrote no sound file", id="no-file"),
        pytest.param("echo x > $6", "what it wrote is no WAV file", id="no-wav"),
        pytest.param("exec sleep 60", "it took longer than 1 s", id="no-end"),
    ],
)
def test_a_failure_names_engine_text_and_cause(
    script: str, evidence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "START_TIMEOUT_S", 1)
    flite = Flite(str(program(tmp_path, "flite", script)), "2.2")

    with pytest.raises(SpeechError) as failed:
        flite.speak([QUESTION])

    assert str(failed.value) == (
        'flite 2.2 rms could not speak "What are your opening hours?".\n'
        "  Fix: install the engine again, or another one:\n"
        "       pip install 'pipecat-voice-test[speech]', or apt-get install flite,\n"
        "       or give the turn a recording with `audio:`.\n"
        f"  {evidence}"
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"RIFF", id="begun"),
        pytest.param(wav_bytes(np.ones(100, np.int16))[:-1], id="cut-short"),
        pytest.param(wav_bytes(*[np.ones(100, np.int16)] * 2), id="stereo"),
    ],
)
def test_a_damaged_file_is_not_taken_for_speech(data: bytes) -> None:
    with pytest.raises(ValueError, match="WAV file"):
        decoded_wav(data)


@pytest.fixture
def hibari() -> Hibari:
    found = Hibari.find()
    if found is None:
        pytest.skip("hibari-tts is not installed here")
    return found


def test_what_the_speaking_process_printed_is_the_evidence(
    hibari: Hibari, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hibari.py").write_text("raise RuntimeError('this processor is too old')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(SpeechError) as failed:
        hibari.speak([QUESTION, "Hello."])

    assert failed.value.what == f'{hibari.id} could not speak "{QUESTION}" and 1 more.'
    assert failed.value.evidence.startswith("it ended with exit code 1\n")
    assert failed.value.evidence.endswith("\nRuntimeError: this processor is too old")


def test_what_lies_in_the_working_directory_is_not_run(
    hibari: Hibari, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hibari.py").write_text("raise RuntimeError('code of the tested repository')\n")
    monkeypatch.chdir(tmp_path)

    (spoken,) = hibari.speak(["yes"])

    assert len(spoken.pcm) > 0


def test_the_engine_leaves_nothing_in_this_process(
    hibari: Hibari, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The tests of the voice model may have loaded it before.
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)

    hibari.speak(["yes"])

    assert "onnxruntime" not in sys.modules
