"""Pipecat's own serializers read what we write, and we read what they write.

Needs the Python of an environment with Pipecat in `PVT_PIPECAT_PYTHON`.
"""

import base64
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import decode_ulaw, encode_ulaw
from pipecat_voice_test.protocol.frames import FramesWire
from pipecat_voice_test.protocol.vonage import VonageWire
from pipecat_voice_test.protocol.wire import Clear, Data, Mark, Media, Observed, Wire

PIPECAT = os.environ.get("PVT_PIPECAT_PYTHON", "")
SCRIPT = Path(__file__).with_name("pipecat_serializers.py")
PCM = bytes(range(256)) * 5
VOICE = encode_ulaw(np.rint(8000 * np.sin(np.arange(160) / 3)).astype(np.int16))

pytestmark = pytest.mark.skipif(not PIPECAT, reason="PVT_PIPECAT_PYTHON is not set")


def coded(data: Data) -> Any:
    return base64.b64encode(data).decode() if isinstance(data, bytes) else {"text": data}


def decoded(message: Any) -> Data:
    text = message["text"] if isinstance(message, dict) else None
    return text if isinstance(text, str) else base64.b64decode(message)


def written_by(wire: Wire) -> Sequence[Data]:
    """The opening, a frame of the caller's voice, a key."""
    key = wire.dtmf("5")
    assert key is not None
    voice = wire.media(VOICE)
    assert voice is not None
    return [*(message.data for message in wire.opening()), voice, key]


@pytest.fixture(scope="module")
def pipecat() -> Any:
    """What Pipecat made of our messages, and what it sends."""
    given = {
        "frames": [coded(data) for data in written_by(FramesWire())],
        "vonage": [coded(data) for data in written_by(VonageWire({"customer": "42"}))],
    }
    done = subprocess.run(
        [PIPECAT, str(SCRIPT)], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_p9_6_pipecat_hears_the_caller_and_learns_of_keys(pipecat: Any) -> None:
    ready, voice, key = pipecat["frames"]["read"]

    assert ready[1]["type"] == "client-ready"
    assert voice[0] == "audio"
    assert voice[2:] == [16_000, 1]
    assert len(base64.b64decode(voice[1])) == 640
    assert key[1]["type"] == "dtmf"
    assert key[1]["data"] == {"buttons": ["5"]}


def test_p9_6_what_pipecat_writes_is_understood(pipecat: Any) -> None:
    wire = FramesWire()
    read = [wire.parse(decoded(message)) for message in pipecat["frames"]["written"]]

    plain, with_header, both_channels, clear, *told = read
    assert isinstance(plain, Media)
    assert isinstance(with_header, Media)
    assert isinstance(both_channels, Media)
    assert len(plain.ulaw) == 640 // 3
    assert len(plain.ulaw + with_header.ulaw) == 2 * 640 // 3
    assert len(plain.ulaw + with_header.ulaw + both_channels.ulaw) == 1600 // 3
    assert clear == Clear()
    assert told == [
        Observed("bot-started-speaking"),
        Observed("text", "hello"),
        Observed("transcription", "hello"),
    ]


def test_p9_4_vonage_pipecat_hears_the_caller_and_learns_of_keys(pipecat: Any) -> None:
    connected, voice, key = pipecat["vonage"]["read"]

    assert connected is None
    samples = np.frombuffer(base64.b64decode(voice[1]), np.int16)[24::2].astype(float)
    wanted = decode_ulaw(VOICE)[: len(samples)].astype(float)
    assert voice[2:] == [16_000, 1]
    assert np.corrcoef(samples, wanted)[0, 1] > 0.99
    assert key == ["key", "5"]


def test_p9_4_what_pipecat_writes_for_vonage_is_understood(pipecat: Any) -> None:
    wire = VonageWire({})
    audio, clear, notify = (wire.parse(decoded(one)) for one in pipecat["vonage"]["written"])

    assert isinstance(audio, Media)
    assert len(audio.ulaw) == len(PCM) // 4
    assert clear == Clear()
    assert notify == Mark('{"turn":1}')
