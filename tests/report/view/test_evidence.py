"""What the files of a call say is read back, however little of them is left (P-70, P-71)."""

import json
import tracemalloc
from typing import Any

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import decode_ulaw
from pipecat_voice_test.audio.files import wav_bytes
from pipecat_voice_test.report.events import event_lines, events_jsonl
from pipecat_voice_test.report.recording import call_wav
from pipecat_voice_test.report.view import evidence as module
from pipecat_voice_test.report.view.evidence import LEFT_OUT, MOST_EVENTS, read_evidence
from pipecat_voice_test.timeline import (
    FRAME_MS,
    EndedBy,
    Event,
    HeardPiece,
    MarkReceived,
    MessageReceived,
    MessageSent,
    Timeline,
)

FRAME = b"\x80" * 160
LEFT, RIGHT = np.array([1, -2, 32767], np.int16), np.array([0, -32768, 5], np.int16)
WAV = wav_bytes(LEFT, RIGHT)


def of_events(*events: Event, **fields: Any) -> Timeline:
    return Timeline(events=events, ended_by=EndedBy.BOT, **fields)


def read(timeline: Timeline) -> list[dict[str, Any]]:
    lines = read_evidence(b"", events_jsonl(timeline), "").events
    return [dict(line) for line in lines if line["event"] != "call_ended"]


def talk(count: int, first_ms: float = 0.0) -> list[Event]:
    """Both sides send a frame every 20 ms."""
    return [
        message
        for frame in range(count)
        for message in (
            MessageSent(first_ms + FRAME_MS * frame, "media", frame + 2, 250),
            MessageReceived(first_ms + FRAME_MS * frame + 5.5, "media", 300, 160),
        )
    ]


# --- the recording ------------------------------------------------------------------------


def test_both_channels_are_those_that_were_written() -> None:
    timeline = Timeline(said_ulaw=FRAME, heard=(HeardPiece(40, FRAME, 0.0, 160),))
    evidence = read_evidence(call_wav(timeline), b"", "")

    assert evidence.said[:160].tolist() == decode_ulaw(FRAME).tolist()
    assert evidence.heard[40:].tolist() == decode_ulaw(FRAME).tolist()
    assert (len(evidence.said), len(evidence.heard)) == (200, 200)


@pytest.mark.parametrize(
    ("wav", "said", "heard"),
    [
        pytest.param(WAV, [1, -2, 32767], [0, -32768, 5], id="whole"),
        pytest.param(WAV[:-3], [1, -2], [0, -32768], id="cut-off-in-a-frame"),
        pytest.param(WAV[:46], [], [], id="not-one-frame"),
        pytest.param(WAV[:44], [], [], id="only-a-header"),
        pytest.param(WAV[:30], [], [], id="half-a-header"),
        pytest.param(b"", [], [], id="empty"),
        pytest.param(b"\0" * 100, [], [], id="zeros"),
        pytest.param(WAV[:40] + b"\xff\xff\xff\xff" + WAV[44:], [1, -2, 32767],
                     [0, -32768, 5], id="a-length-nobody-filled-in"),
        pytest.param(WAV[:12] + b"LIST\3\0\0\0abc\0" + WAV[12:], [1, -2, 32767],
                     [0, -32768, 5], id="another-chunk-before"),
        pytest.param(WAV[:24] + b"\x80\xbb\0\0" + WAV[28:], [], [], id="at-48000-hz"),
        pytest.param(WAV[:20] + b"\7\0" + WAV[22:], [], [], id="u-law"),
        pytest.param(WAV[:22] + b"\0\0" + WAV[24:], [], [], id="no-channels"),
        pytest.param(wav_bytes(LEFT), [1, -2, 32767], [0, 0, 0], id="mono"),
        pytest.param(b"OggS" + WAV[4:], [], [], id="foreign"),
    ],
)  # fmt: skip
def test_of_a_recording_what_can_be_had_is_had(
    wav: bytes, said: list[int], heard: list[int]
) -> None:
    evidence = read_evidence(wav, b"", "")

    assert (evidence.said.tolist(), evidence.heard.tolist()) == (said, heard)
    assert evidence.said.dtype == evidence.heard.dtype == np.int16


def test_a_long_recording_is_not_copied() -> None:
    pcm = np.zeros(60 * 8000, np.int16)
    wav = wav_bytes(pcm, pcm)
    tracemalloc.start()
    evidence = read_evidence(wav, b"", "")
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert len(evidence.heard) == len(pcm)
    assert peak_bytes < 100_000


# --- events -------------------------------------------------------------------------------


def test_audio_is_added_up_by_direction_until_something_else_comes_the_same_way() -> None:
    timeline = of_events(
        MessageSent(0.0, "start", 1, 420),
        *talk(3),
        MarkReceived(60.0, "said"),
        MessageReceived(60.0, "mark", 90, detail="said"),
        *talk(2, 61.0),
        raw_ulaw=FRAME * 5,
        said_ulaw=FRAME * 5,
        late_ms=(0.0, 0.1, 11.5, float("nan"), 0.0),
    )

    assert read(timeline) == [
        {"t": 0, "dir": "out", "event": "start", "count": 1, "sequence": 1, "size_bytes": 420},
        {"t": 0, "until": 81, "dir": "out", "event": "media", "count": 5, "payload_bytes": 800},
        {"t": 5.5, "until": 45.5, "dir": "in", "event": "media", "count": 3,
         "payload_bytes": 480},
        {"t": 60, "dir": "rig", "event": "mark_received", "name": "said"},
        {"t": 60, "dir": "in", "event": "mark", "count": 1, "size_bytes": 90, "detail": "said"},
        {"t": 66.5, "until": 86.5, "dir": "in", "event": "media", "count": 2,
         "payload_bytes": 320},
    ]  # fmt: skip


def test_a_pause_ends_a_run_of_audio() -> None:
    timeline = of_events(
        *(MessageReceived(at_ms, "media", 300, 160) for at_ms in (0.0, 1000.0, 2000.1, 2020.0))
    )

    assert [(run["t"], run["until"], run["count"]) for run in read(timeline)] == [
        (0, 1000, 2),
        (2000.1, 2020, 2),
    ]


def test_audio_that_was_refused_is_a_line_of_its_own() -> None:
    timeline = of_events(
        MessageReceived(0.0, "media", 300, 160),
        MessageReceived(1.0, "media", 300, 160, detail="after the call"),
        MessageReceived(2.0, "media", 300, 0, detail="ignored: no payload"),
    )

    assert [line.get("detail") for line in read(timeline)] == [
        None,
        "after the call",
        "ignored: no payload",
    ]


def test_lines_of_audio_are_told_by_their_look(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []
    parse = module._parsed

    def parse_and_count(line: bytes) -> dict[str, Any] | None:
        parsed.append(line)
        return parse(line)

    monkeypatch.setattr(module, "_parsed", parse_and_count)
    timeline = of_events(*talk(1500), raw_ulaw=FRAME * 1500, said_ulaw=FRAME * 1500)

    assert [run["count"] for run in read(timeline)] == [1500, 1500]
    assert [json.loads(line)["event"] for line in parsed] == ["call_ended"]


def test_a_line_that_looks_otherwise_says_the_same() -> None:
    timeline = of_events(*talk(3), raw_ulaw=FRAME * 3, said_ulaw=FRAME * 3, late_ms=(1.5,) * 3)
    spaced = "\r\n".join(json.dumps(json.loads(line)) for line in event_lines(timeline))

    assert (
        read_evidence(b"", spaced, "").events
        == read_evidence(b"", events_jsonl(timeline), "").events
    )


@pytest.mark.parametrize(
    "line",
    [
        "", "{", "null", "[]", "3", '"x"', "{}", '{"t": 1}', '{"event": "clear"}',
        '{"t": null, "event": "clear"}', '{"t": "1", "event": "clear"}',
        '{"t": true, "event": "clear"}', '{"t": NaN, "event": "clear"}',
        '{"t": 1e999, "event": "clear"}', '{"t": 1, "event": 2}',
        '{"t": 1' + "0" * 400 + ', "event": "clear"}', '{"t": 1' + "0" * 9000 + "}",
        '{"t":1.2.3,"dir":"in","event":"media","count":1,"size_bytes":3,"payload_bytes":4}',
        "[" * 100_000, "\x00\x01", "\ud800",
    ],
)  # fmt: skip
def test_a_line_that_says_nothing_is_passed_over(line: str) -> None:
    good = '{"t": 5, "event": "clear"}'

    assert read_evidence(b"", f"{good}\n{line}\n{good}", "").events == (
        {"t": 5, "event": "clear"},
        {"t": 5, "event": "clear"},
    )


def test_bytes_that_are_no_text_do_no_harm() -> None:
    evidence = read_evidence(b"", b'\xff\xfe{"t":1}\n{"t": 2, "event": "a\xffb"}\n{"t": 3, "ev', "")

    assert evidence.events == ({"t": 2, "event": "a\ufffdb"},)


def test_events_are_in_order_of_time() -> None:
    assert [line["t"] for line in read(of_events(*(MarkReceived(t, "") for t in (3.0, 1.0))))] == [
        1,
        3,
    ]


def test_of_a_flood_the_beginning_and_the_end_are_kept() -> None:
    timeline = of_events(
        *(MarkReceived(float(at_ms), "m") for at_ms in range(MOST_EVENTS + 500)),
        ended_at_ms=9e6,
    )
    events = read_evidence(b"", events_jsonl(timeline), "").events

    assert len(events) == MOST_EVENTS + 2
    assert (events[-2]["event"], events[-2]["count"]) == (LEFT_OUT, 500)  # And the end is there.
    assert events[-1]["event"] == "call_ended"
