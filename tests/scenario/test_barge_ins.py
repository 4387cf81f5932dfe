"""A barge-in that no call could judge is said before anybody is phoned; METRICS 3.3 "valid"."""

from pathlib import Path

import pytest

from scenario.texts import complaint, scenario

ASK = "name: a\nturns:\n  - user: Tell me more.\n    expect: {expect}\n  - user: Stop it now.\n"
FIX = "  Fix: write `send_after: {event: bot_started_speaking, delay_ms: 1000}`"
REPLY = "[{event: response}]"


def asked(after: str, expect: str = REPLY, kind: str = "") -> str:
    text = ASK.replace("{expect}", expect) + f"    send_after: {after}\n"
    return text + (f"    kind: {kind}\n" if kind else "")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param(
            asked("{event: bot_stopped_speaking}", kind="barge_in"),
            "s.yaml:6: this `barge_in` begins after the bot has finished, so there is nobody to "
            "interrupt",
            id="after-the-bot-has-stopped",
        ),
        pytest.param(
            asked("{event: response, delay_ms: 300}", kind="barge_in"),
            "s.yaml:6: this `barge_in` begins after the bot has finished, so there is nobody to "
            "interrupt",
            id="after-the-reply",
        ),
        pytest.param(
            asked("{delay_ms: 300}", kind="barge_in"),
            "s.yaml:6: this `barge_in` begins after the bot has finished, so there is nobody to "
            "interrupt",
            id="some-time-after-the-reply",
        ),
    ],
)
def test_a_barge_in_that_says_that_it_is_none_is_refused(
    tmp_path: Path, text: str, what: str
) -> None:
    assert complaint(tmp_path, text) == f"{what}\n{FIX}"


@pytest.mark.parametrize(
    ("text", "line", "delay_ms"),
    [
        pytest.param(
            asked("{event: bot_started_speaking}"),
            5,
            0,
            id="at-the-bots-first-sound",
        ),
        pytest.param(
            asked("{event: llm_started, delay_ms: 499}"),
            5,
            499,
            id="just-too-soon",
        ),
        pytest.param(
            asked("{event: bot_started_speaking, delay_ms: 100}", expect="[]"),
            5,
            100,
            id="too-soon-and-nothing-awaited-before",
        ),
        pytest.param(
            "name: a\nturns:\n  - user: Stop it now.\n"
            "    send_after: {event: bot_started_speaking, delay_ms: 100}\n",
            3,
            100,
            id="too-soon-in-the-first-turn",
        ),
    ],
)
def test_a_barge_in_that_always_comes_too_soon_is_doubted(
    tmp_path: Path, text: str, line: int, delay_ms: int
) -> None:
    assert scenario(tmp_path, text).doubts == (
        f"s.yaml:{line}: this barge-in comes {delay_ms} ms after the bot began to speak, and none "
        "can be judged before 500 ms: its calls will be inconclusive. Fix: write "
        "`send_after: {event: bot_started_speaking, delay_ms: 1000}`",
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(asked("{event: bot_started_speaking, delay_ms: 500}"), id="soon-enough"),
        pytest.param(
            asked(
                "{event: bot_started_speaking, delay_ms: 100}",
                expect="[{event: response}, {event: clear, absent: true, within_ms: 3000}]",
            ),
            id="the-turn-before-takes-longer",
        ),
        pytest.param(
            "name: a\nturns:\n  - wait_ms: 3000\n  - user: Stop it now.\n"
            "    send_after: {event: bot_started_speaking, delay_ms: 100}\n",
            id="after-a-scripted-wait",
        ),
        pytest.param(
            asked("{event: bot_started_speaking, delay_ms: 100}", kind="distractor"),
            id="a-distractor",
        ),
        pytest.param(asked("{event: bot_stopped_speaking, delay_ms: 100}"), id="an-ordinary-turn"),
        pytest.param(
            asked("{event: user_stopped_speaking, delay_ms: 100}", kind="barge_in"),
            id="after-the-callers-own-speech",
        ),
    ],
)
def test_what_may_be_valid_is_not_doubted(tmp_path: Path, text: str) -> None:
    assert scenario(tmp_path, text).doubts == ()
