"""Whether a bot can be called over WebRTC is said, and missed only where it is asked for."""

import sys

import pytest
from pipecat_voice_test.checkup.finding import Finding, Mark
from pipecat_voice_test.checkup.over_webrtc import webrtc
from pipecat_voice_test.errors import ExitCode


def found(*, asked: bool) -> Finding:
    (finding,) = webrtc(asked=asked)
    return finding


def test_where_all_is_there_the_addresses_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda **_: ["192.0.2.7", "fd00::7"])
    finding = found(asked=True)

    assert finding.mark is Mark.OK
    assert finding.text.startswith("aiortc ")
    assert finding.text.endswith(", to be reached at 192.0.2.7, fd00::7")


@pytest.mark.parametrize(
    ("asked", "mark", "code"), [(True, Mark.MISS, ExitCode.USAGE), (False, Mark.NOTE, None)]
)
def test_loopback_alone_is_not_enough(
    asked: bool, mark: Mark, code: ExitCode | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda **_: [])
    finding = found(asked=asked)

    assert (finding.mark, finding.code) == (mark, code)
    assert finding.text.endswith(", but no address besides loopback")
    assert finding.fix == "give this machine a network, even one that leads nowhere."


def test_without_the_extra_it_is_missed_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pipecat_voice_test.call.webrtc.dial", None)

    assert found(asked=False) == Finding(
        Mark.OK, "webrtc", "not installed; only `--bot-transport webrtc` needs it"
    )
    finding = found(asked=True)
    assert (finding.mark, finding.text, finding.fix, finding.code) == (
        Mark.MISS,
        "aiortc cannot be loaded",
        "pip install 'pipecat-voice-test[webrtc]'.",
        ExitCode.USAGE,
    )
