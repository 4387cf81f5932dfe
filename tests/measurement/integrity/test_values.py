"""Integrity of a call: each fault its metric, each metric its figures and its fix."""

import base64
import json

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import encode_ulaw
from pipecat_voice_test.audio.level import to_pcm
from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.scenario.model import TurnKind

from measurement.calls import IDENTITY, Call, answer, scenario, turn
from measurement.integrity.sounds import WAV_HEADER, a_law, raw, said, swapped

SPEECH = encode_ulaw(said("reply-1"))
GATED = ("file_header", "double_base64", "linear_pcm", "byte_swapped", "a_law", "looped")


def heard(audio: bytes, message_bytes: int = 320) -> Call:
    """A call in which the bot sends these bytes from 500 ms on, and the caller hangs up."""
    call = Call(scenario(turn(TurnKind.LISTEN, answer())))
    for start in range(0, len(audio), message_bytes):
        payload = base64.b64encode(audio[start : start + message_bytes]).decode()
        message = {
            "event": "media", "streamSid": IDENTITY.stream_sid, "media": {"payload": payload},
        }  # fmt: skip
        call._inbox.append((500.0 + start / 8, json.dumps(message)))
    return call.caller_listens(0).caller_hangs_up(1000.0 + len(audio) / 8)


def test_a_healthy_call_has_a_value_for_each_and_none_is_bad() -> None:
    call = heard(SPEECH)

    assert {metric: call.value(metric) for metric in GATED} == dict.fromkeys(GATED, 0.0)
    assert call.judged.verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("audio", "metric"),
    [
        pytest.param(raw(said("reply-1")), "linear_pcm", id="linear"),
        pytest.param(swapped(said("reply-1")), "byte_swapped", id="swapped"),
        pytest.param(a_law(said("reply-1")), "a_law", id="a-law"),
        pytest.param(base64.b64encode(SPEECH), "double_base64", id="base64"),
        pytest.param(WAV_HEADER + SPEECH, "file_header", id="header"),
        pytest.param(SPEECH[800:4800] * 5, "looped", id="loop"),
    ],
)
def test_each_fault_fails_its_own_metric(audio: bytes, metric: str) -> None:
    call = heard(audio)

    failed = {check.metric for check in call.judged.checks if check.verdict is Verdict.FAILED}
    assert failed & set(GATED) == {metric}


def test_the_failing_line_says_where_what_and_how_to_mend_it() -> None:
    checks = heard(WAV_HEADER + SPEECH).judged.checks

    (check,) = (check for check in checks if check.metric == "file_header")
    assert check.at_ms == 500.0
    assert check.message.startswith(
        "file_header was 1, limit 0: what was heard then begins like a WAV (`RIFF`) file; "
        "the header is played as noise. Fix: "
    )


def test_a_voice_off_the_zero_line_is_told_and_fails_nothing() -> None:
    result = heard(encode_ulaw(to_pcm(said("reply-1") + 2000.0))).judged

    assert result.verdict is Verdict.PASSED
    assert result.metrics["dc_offset"][0] == pytest.approx(2000 / 32768, abs=0.002)
    assert result.notes == (
        "dc_offset was 0.0611, usual is at most 0.02: the mean of its samples is +2002 of 32768. "
        "Fix: take the mean off before encoding; unsigned samples read as signed do this.",
    )


def test_noise_of_wrong_coding_is_not_blamed_for_anything_else() -> None:
    metrics = heard(raw(said("reply-1"))).judged.metrics

    assert "dc_offset" not in metrics


def test_without_sound_nothing_is_said() -> None:
    metrics = heard(b"").judged.metrics

    assert not set(GATED) & set(metrics)


def test_of_a_short_word_only_its_bytes_are_judged() -> None:
    metrics = heard(encode_ulaw(np.asarray(said("confirm")[:4000]))).judged.metrics

    assert set(GATED) & set(metrics) == {"file_header", "double_base64"}
