"""A call's length is known well enough beforehand to divide work by it."""

from pathlib import Path

import pytest
from pipecat_voice_test.scenario.length import expected_ms
from pipecat_voice_test.scenario.load import load_paths

GREETING = "turns:\n  - expect: [{event: response}]\n"
ASKED = GREETING + '  - user: "What are your opening hours?"\n    expect: [{event: response}]\n'


def _expected_ms(tmp_path: Path, text: str) -> int:
    (tmp_path / "a.yaml").write_text(f"name: a\n{text}")
    (tmp_path / "a.wav").write_bytes(b"")
    return expected_ms(load_paths([tmp_path / "a.yaml"], cwd=tmp_path)[0])


@pytest.mark.parametrize(
    ("more", "longer_ms"),
    [
        pytest.param("  - wait_ms: 7000\n", 1200 + 7000, id="a-wait-after-the-reply"),
        pytest.param('  - dtmf: "123#"\n', 1200 + 400, id="keys"),
        pytest.param('  - user: "Ten letter"\n', 1200 + 700, id="words"),
        pytest.param(
            '  - user: ["Ten letter", {pause_ms: 900}, "Ten letter"]\n',
            1200 + 700 + 900 + 700,
            id="a-pause-to-think",
        ),
        pytest.param("  - audio: a.wav\n", 1200 + 3000, id="a-recording"),
        pytest.param(
            '  - audio: a.wav\n    user: "Ten letter"\n', 1200 + 700, id="a-recording-of-words"
        ),
        pytest.param(
            '  - user: "Ten letter"\n    expect: [{event: response}]\n',
            1200 + 700 + 1000 + 3000,
            id="an-answer",
        ),
        pytest.param(
            '  - user: "Ten letter"\n    expect: [{event: response, lasts_at_least_ms: 20000}]\n',
            1200 + 700 + 1000 + 20_000,
            id="a-long-answer",
        ),
        pytest.param(
            '  - user: "Ten letter"\n'
            "    send_after: {event: bot_started_speaking, delay_ms: 500}\n",
            500 + 700 - 3000,
            id="an-interruption-cuts-the-reply-short",
        ),
        pytest.param(
            "  - wait_ms: 100\n    expect: [{event: response, absent: true, within_ms: 5000}]\n",
            1200 + 100 + 5000,
            id="silence-that-is-waited-for",
        ),
        pytest.param(
            '  - dtmf: "9"\n    expect: [{event: response}, {event: call_ended}]\n',
            1200 + 100 + 1000 + 3000 + 2000,
            id="the-bot-hangs-up",
        ),
    ],
)
def test_what_a_turn_adds(tmp_path: Path, more: str, longer_ms: int) -> None:
    assert _expected_ms(tmp_path, ASKED + more) - _expected_ms(tmp_path, ASKED) == longer_ms


def test_no_call_is_longer_than_it_may_be(tmp_path: Path) -> None:
    assert _expected_ms(tmp_path, "turns:\n  - wait_ms: 900000\ncall: {max_call_s: 30}\n") == 30_000


def test_a_call_costs_something_whatever_is_in_it(tmp_path: Path) -> None:
    assert _expected_ms(tmp_path, "turns:\n  - hangup: true\n") > 0
