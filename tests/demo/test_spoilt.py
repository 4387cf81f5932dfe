"""Each fault of the sound does to the voice what its name says."""

import base64
import itertools

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import Pcm, decode_ulaw
from pipecat_voice_test.audio.level import mean_square
from pipecat_voice_test.audio.speech import clip_spans
from pipecat_voice_test.demo.clips import Voice, speaking_voice
from pipecat_voice_test.demo.coding import A_LAW
from pipecat_voice_test.demo.faults import FAULTS, Faults
from pipecat_voice_test.demo.spoilt import SPOILERS, spoilt


@pytest.fixture(scope="module")
def voice() -> Voice:
    return speaking_voice()


def reply(voice: Voice, fault: str) -> bytes:
    return spoilt(voice, Faults([fault])).replies[0].ulaw


def level_dbov(pcm: Pcm) -> float:
    loud = np.concatenate([pcm[start:end] for start, end in clip_spans(pcm)]).astype(np.float64)
    return float(10 * np.log10(np.mean(loud**2) / mean_square(0.0)))


def test_every_spoiler_is_a_fault() -> None:
    assert set(SPOILERS) <= set(FAULTS)


def test_a_healthy_voice_is_left_alone(voice: Voice) -> None:
    assert spoilt(voice, Faults(["late-answer=900"])) == voice


@pytest.mark.parametrize("fault", SPOILERS)
def test_everything_it_says_is_spoilt(voice: Voice, fault: str) -> None:
    wrong = spoilt(voice, Faults([fault]))

    assert wrong.greeting != voice.greeting
    assert wrong.goodbye.name == "goodbye"
    assert all(a != b for a, b in zip(wrong.replies, voice.replies, strict=True))


@pytest.mark.parametrize(
    ("fault", "header"),
    [("wav-header", b"RIFF"), ("mp3-header", b"ID3"), ("ogg-header", b"OggS")],
)
def test_a_header_comes_before_the_audio(voice: Voice, fault: str, header: bytes) -> None:
    sent = reply(voice, fault)

    assert sent.startswith(header)
    assert sent.endswith(voice.replies[0].ulaw)


def test_linear_samples_are_two_bytes_each(voice: Voice) -> None:
    sent = np.frombuffer(reply(voice, "linear-pcm"), "<i2")

    assert (sent == decode_ulaw(voice.replies[0].ulaw)).all()


def test_swapped_bytes_are_noise(voice: Voice) -> None:
    said = decode_ulaw(voice.replies[0].ulaw)
    swapped = decode_ulaw(reply(voice, "byte-swapped")).byteswap().astype(np.int64)
    heard = np.corrcoef(decode_ulaw(reply(voice, "byte-swapped")), said)[0, 1]

    assert abs(heard) < 0.2
    assert np.median(abs(swapped % 256 - said % 256)) < 40  # The low byte became the high one.


def test_a_law_is_right_for_whoever_takes_it_for_a_law(voice: Voice) -> None:
    sent = np.array(A_LAW)[np.frombuffer(reply(voice, "a-law"), np.uint8)]

    assert np.corrcoef(sent, decode_ulaw(voice.replies[0].ulaw))[0, 1] > 0.999


@pytest.mark.parametrize("portion", [160, 320, 1100, 1600])
def test_base64_within_base64_in_every_message(voice: Voice, portion: int) -> None:
    sent = reply(voice, "double-base64")
    messages = [sent[at : at + portion] for at in range(0, len(sent) - portion, portion)]
    decoded = b"".join(base64.b64decode(message, validate=True) for message in messages)

    assert voice.replies[0].ulaw.startswith(decoded)


@pytest.mark.parametrize(("fault", "times"), [("too-fast", 0.5), ("too-slow=50", 2.0)])
def test_speed_changes_length(voice: Voice, fault: str, times: float) -> None:
    whole = len(voice.replies[0].ulaw)

    assert len(reply(voice, fault)) == pytest.approx(times * whole, abs=2)


@pytest.mark.parametrize(("fault", "by_db"), [("too-quiet", -18), ("too-quiet=10", -10)])
def test_it_is_so_much_softer(voice: Voice, fault: str, by_db: float) -> None:
    before = level_dbov(decode_ulaw(voice.replies[0].ulaw))

    assert level_dbov(decode_ulaw(reply(voice, fault))) == pytest.approx(before + by_db, abs=2)


@pytest.mark.parametrize(("fault", "share"), [("clipped", 0.05), ("too-loud", 0.001)])
def test_samples_stand_at_the_ends_of_the_scale(voice: Voice, fault: str, share: float) -> None:
    sent = np.frombuffer(reply(voice, fault), np.uint8)

    assert np.isin(sent, (0x00, 0x80)).mean() > share


def test_it_is_off_the_zero_line(voice: Voice) -> None:
    sent = decode_ulaw(reply(voice, "dc-offset"))

    assert sent.mean() / 32768 == pytest.approx(0.08, abs=0.01)


def test_the_same_piece_comes_over_and_over(voice: Voice) -> None:
    said = voice.replies[0].ulaw
    sent = reply(voice, "loops")
    pieces = [sent[at : at + 5600] for at in range(900 * 8, len(sent) - 5600, 5600)]

    assert sent[: 1600 * 8] == said[: 1600 * 8]
    assert len(sent) == len(said)
    assert len(pieces) >= 10
    assert all(a == b for a, b in itertools.pairwise(pieces))
