"""Pipecat's own runner understands us, and we what its serializers write (PROTOCOL 9.1 to 9.3).

`PVT_PIPECAT_PYTHON` names a Python that has Pipecat.
"""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from audio.sounds import tone
from pipecat_voice_test.audio.codec import decode_ulaw, encode_ulaw
from pipecat_voice_test.protocol.identity import CallIdentity
from pipecat_voice_test.protocol.wire import Clear, Data, Media, Wire
from pipecat_voice_test.timeline import Severity

from protocol.tongues import EXOTEL, FROM, PLIVO, TELNYX, TO, exotel, plivo, telnyx

PYTHON = os.environ.get("PVT_PIPECAT_PYTHON", "")
BOT = Path(__file__).with_name("pipecat_telephony.py")
SAID = encode_ulaw(tone(400, -20))
LEVEL = round(32768 * 10 ** (-20 / 20))
MAKERS: dict[str, tuple[Callable[[], Wire], CallIdentity]] = {
    "telnyx": (lambda: telnyx(parameters={"id": "1"}), TELNYX),
    "telnyx in A-law": (lambda: telnyx(alaw=True), TELNYX),
    "plivo": (lambda: plivo(parameters={"id": "1"}), PLIVO),
    "exotel": (lambda: exotel(parameters={"id": "1"}), EXOTEL),
}
NETWORKS = pytest.mark.parametrize("name", MAKERS)

pytestmark = pytest.mark.skipif(not PYTHON, reason="PVT_PIPECAT_PYTHON is not set")


def said_by(wire: Wire) -> list[str]:
    """A call in which the caller speaks, presses a key and hangs up."""
    messages: list[Data | None] = [message.data for message in wire.opening()]
    messages += [wire.media(SAID[at : at + 160]) for at in range(0, len(SAID), 160)]
    messages += [wire.dtmf("5"), wire.mark("a"), wire.cleared(), wire.stop()]
    return [message for message in messages if isinstance(message, str)]


@pytest.fixture(scope="module")
def bots() -> dict[str, Any]:
    """What a bot makes of each network."""
    given = json.dumps({name: said_by(make()) for name, (make, _) in MAKERS.items()})
    done = subprocess.run([PYTHON, BOT], input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


@NETWORKS
def test_the_runner_knows_the_network_and_the_call(bots: dict[str, Any], name: str) -> None:
    call, identity = bots[name]["call"], MAKERS[name][1]

    assert bots[name]["kind"] == name.split()[0]
    assert (call["stream_id"], call["call_id"]) == (identity.stream_sid, identity.call_sid)
    if name != "plivo":  # Which tells a bot no numbers.
        assert (call["from"], call["to"]) == (FROM, TO)


@NETWORKS
def test_the_bot_hears_the_caller_and_his_key_and_nothing_else(
    bots: dict[str, Any], name: str
) -> None:
    read = bots[name]["read"]
    audio = [one for one in read if one is not None and one[0] == "audio"]
    others = [one for one in read if one is not None and one[0] != "audio"]

    # Without `connected`, the runner takes the first frame for the second message.
    frames = 19 if name == "plivo" else 20
    assert sum(samples for _, _, samples, _ in audio) == 160 * frames
    assert {rate_hz for _, rate_hz, _, _ in audio} == {8000}
    assert all(level == pytest.approx(LEVEL, rel=0.03) for *_, level in audio)
    assert others == [["key", "5"]]


@NETWORKS
def test_the_caller_hears_the_bot_and_its_interruption(bots: dict[str, Any], name: str) -> None:
    wire = MAKERS[name][0]()
    *audio, interruption = [wire.parse(text) for text in bots[name]["written"]]

    assert interruption == Clear()
    assert all(isinstance(message, Media) for message in audio)
    heard = decode_ulaw(b"".join(one.ulaw for one in audio if isinstance(one, Media)))
    expected = 8000 * np.sin(2 * np.pi * 440 * np.arange(len(heard)) / 8000)
    assert len(heard) == 5 * 320
    assert np.abs(heard - expected).max() < 260  # The steps of μ-law at this level.
    complaints = [complaint for message in audio for complaint in message.complaints]
    assert {complaint.severity for complaint in complaints} <= {Severity.NOTE}
    # Whatever the stream, the runner answers in μ-law; and its 40 ms are short for Exotel.
    noted = {"telnyx in A-law": {"other_law"}, "exotel": {"too_short"}}
    assert {complaint.case for complaint in complaints} == noted.get(name, set())
