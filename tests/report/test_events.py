"""events.jsonl: one object a line, audio replaced by length and hash, secrets masked (P-70)."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from pipecat_voice_test.report.events import event_lines, events_jsonl
from pipecat_voice_test.timeline import (
    Backpressure,
    BotClosed,
    EndedBy,
    EndedHow,
    Event,
    Finding,
    KeyPressed,
    MarkReceived,
    MarkReturned,
    MessageReceived,
    MessageSent,
    Note,
    PlaybackCleared,
    ScriptedWait,
    Severity,
    Timeline,
    TurnBegan,
    TurnEnded,
    UtteranceBegan,
)

FRAME_A, FRAME_B = b"\x01" * 160, b"\x02" * 160


def lines_of(timeline: Timeline) -> list[dict[str, Any]]:
    return [json.loads(line) for line in events_jsonl(timeline).splitlines()]


def line_of(event: Event) -> dict[str, Any]:
    return lines_of(Timeline(events=(event,)))[0]


def sha(audio: bytes) -> str:
    return hashlib.sha256(audio).hexdigest()[:16]


def test_a_whole_call(golden: Callable[[str, str], None]) -> None:
    timeline = Timeline(
        events=(
            MessageSent(0.0, "connected", None, 58),
            MessageSent(0.04, "start", 1, 420, "to +15551230002"),
            TurnBegan(0.0, 0),
            MessageSent(20.06, "media", 2, 250),
            MessageReceived(31.26, "media", 300, 160),
            MessageReceived(32.0, "mark", 90),
            MarkReceived(32.0, "said"),
            TurnEnded(35.0, 0),
            TurnBegan(35.0, 1),
            UtteranceBegan(40.0, 1, 320, 1600, ((80, 800), (960, 1520))),
            MessageSent(40.0, "media", 3, 250),
            MessageReceived(45.5, "clear", 50),
            PlaybackCleared(45.5, 5.75),
            MarkReturned(45.5, "said"),
            KeyPressed(50.0, 1, "#"),
            ScriptedWait(51.0, 1, 2051.0),
            Finding(
                52.0, "invalid_message", Severity.WARNING, "unknown event", 31951, '{"event":"x"}'
            ),
            Backpressure(53.0, 1000.0),
            Note(54.0, "the caller spoke anyway"),
            BotClosed(55.0, 1011, "oops"),
        ),
        said_ulaw=FRAME_A + FRAME_B,
        late_ms=(0.06, 0.0),
        raw_ulaw=FRAME_B,
        ended_by=EndedBy.BOT,
        ended_how=EndedHow.SOCKET,
        ended_at_ms=55.0,
        close_code=1011,
        close_reason="oops",
        stream_sid="MZ" + "0" * 32,
        call_sid="CA" + "1" * 32,
    )

    golden("events.jsonl", events_jsonl(timeline))


def test_p70_sent_audio_of_several_frames_in_one_message_is_hashed_as_one() -> None:
    timeline = Timeline(
        events=(
            MessageSent(41, "media", 2, 500, frames=range(2)),
            MessageSent(82, "media", 3, 250, frames=range(3, 4)),
        ),
        said_ulaw=FRAME_A + FRAME_B + FRAME_B + FRAME_A,
        late_ms=(0.0, 1.0, 0.0, 2.0),
    )

    both, last, _ = lines_of(timeline)
    assert (both["payload_bytes"], both["late_ms"]) == (320, 1)
    assert both["payload_sha256"] == sha(FRAME_A + FRAME_B)
    assert (last["payload_bytes"], last["late_ms"]) == (160, 2)
    assert last["payload_sha256"] == sha(FRAME_A)


def test_sent_audio_is_hashed_frame_by_frame() -> None:
    timeline = Timeline(
        events=(
            MessageSent(20, "media", 2, 250),
            MessageSent(30, "mark", 3, 90),
            MessageSent(40, "media", 4, 250),
        ),
        said_ulaw=FRAME_A + FRAME_B,
    )

    assert [line.get("payload_sha256") for line in lines_of(timeline)[:3]] == [
        sha(FRAME_A),
        None,
        sha(FRAME_B),
    ]


def test_received_audio_is_hashed_message_by_message_p31() -> None:
    timeline = Timeline(
        events=(
            MessageReceived(1, "media", 90, 3),
            MessageReceived(2, "media", 90, 0),
            MessageReceived(3, "media", 90, 2),
        ),
        raw_ulaw=b"abcde",
    )

    assert [line.get("payload_sha256") for line in lines_of(timeline)[:3]] == [
        sha(b"abc"),
        None,
        sha(b"de"),
    ]


def test_no_hash_is_given_for_audio_that_cannot_be_told_apart() -> None:
    timeline = Timeline(events=(MessageReceived(1, "media", 90, 3),), raw_ulaw=b"abcd")

    assert "payload_sha256" not in lines_of(timeline)[0]
    assert lines_of(timeline)[0]["payload_bytes"] == 3


@pytest.mark.parametrize(
    ("event", "direction"),
    [
        pytest.param(MessageSent(0, "stop"), "out", id="sent"),
        pytest.param(MessageReceived(0, "clear"), "in", id="received"),
        pytest.param(TurnBegan(0, 1), "caller", id="turn"),
        pytest.param(KeyPressed(0, 1, "1"), "caller", id="key"),
        pytest.param(Note(0, "x"), "rig", id="note"),
        pytest.param(PlaybackCleared(0, 1), "rig", id="cleared"),
    ],
)
def test_direction(event: Event, direction: str) -> None:
    assert line_of(event)["dir"] == direction


@pytest.mark.parametrize("lost", [float("nan"), float("inf")])
def test_what_is_no_number_is_null(lost: float) -> None:
    assert line_of(PlaybackCleared(lost, lost)) == {
        "t": None,
        "dir": "rig",
        "event": "playback_cleared",
        "discarded_ms": None,
    }


def test_hostile_text_stays_one_line_of_ascii() -> None:
    text = "\x1b[2J\r\n\u2028::error::\udc80 \u202e שלום"
    (line, _) = event_lines(Timeline(events=(MessageReceived(0, text, detail=text),)))

    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["detail"] == text.replace("\udc80", "\ufffd")


def test_secrets_are_masked_wherever_text_is_kept() -> None:
    secret = "wss://bot.example.test/ws?token=s3cret"
    events = (
        MessageSent(0, "start", 1, 1, secret),
        MessageReceived(0, secret, 1, 0, secret),
        Finding(0, "k", Severity.NOTE, secret, None, secret),
        MarkReceived(0, secret),
        BotClosed(0, 1000, secret),
        Note(0, secret),
    )

    assert "s3cret" not in events_jsonl(Timeline(events=events, close_reason=secret))


def test_every_event_of_a_long_call_has_its_line() -> None:
    events = tuple(
        MessageSent(20.0 * n, "media", n, 250)
        if n % 2
        else MessageReceived(20.0 * n, "media", 9, 4)
        for n in range(60_000)
    )
    timeline = Timeline(events=events, said_ulaw=FRAME_A * 30_000, raw_ulaw=b"abcd" * 30_000)

    assert sum(1 for _ in event_lines(timeline)) == 60_001


@pytest.mark.parametrize(
    "event",
    [
        MessageSent(20.06, "media", 2, 250),
        MessageSent(20.0, "media", None, 250),
        MessageReceived(31.26, "media", 300, 160),
        MessageReceived(-0.01, "media", 300, 160),
        MessageReceived(float("inf"), "media", 300, 160),
    ],
)
def test_a_line_written_by_hand_looks_like_any_other(event: Event) -> None:
    timeline = Timeline(
        events=(event,), said_ulaw=FRAME_A, raw_ulaw=FRAME_B, late_ms=(float("nan"),)
    )

    line = next(event_lines(timeline))

    assert json.dumps(json.loads(line), separators=(",", ":"), allow_nan=False) == line
